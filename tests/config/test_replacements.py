"""Keys that `--set` replaces because they exclude the one it writes."""

from __future__ import annotations

from typing import Any

import pytest

from kerastune_ft.config.read import read
from kerastune_ft.errors import ConfigError
from tests.support.config_cases import MINIMAL

HUB = {"kind": "keras_hub", "class": "BertBackbone", "options": {"num_layers": 1}}
TEXTS = {
    **MINIMAL,
    "task": {"kind": "text_classification"},
    "data": {"kind": "table", "path": "t.csv", "input": "text", "label": "label"},
    "backbone": HUB,
}
SMALL = {**MINIMAL, "backbone": {"kind": "applications", "name": "MobileNetV2", "weights": "embedded"}}
SHARED = {**MINIMAL, "data": {**MINIMAL["data"], "splits": {"train": 0.5, "validation": 0.5}}}


@pytest.mark.parametrize(
    ("document", "overrides", "backbone", "said"),
    [
        (TEXTS, ["backbone.preset=bert_base_en"], {"preset": "bert_base_en", "class": None, "options": {}},
         '--set backbone.preset takes the place of class "BertBackbone", options {"num_layers": 1}'),
        ({**TEXTS, "backbone": {"kind": "keras_hub", "preset": "x"}}, ["backbone.class=BertBackbone"],
         {"class": "BertBackbone", "preset": None}, '--set backbone.class takes the place of preset "x"'),
        (SMALL, ["backbone.name=ResNet50"], {"name": "ResNet50", "weights": "imagenet"},
         '--set backbone.name takes the place of weights "embedded"'),
        (SMALL, ["backbone.kind=saved", "backbone.path=x.keras"], {"kind": "saved"},
         '--set backbone.kind takes the place of kind "applications", name "MobileNetV2", weights "embedded"'),
        (SMALL, ["backbone.path=x.keras", "backbone.kind=saved"], {"kind": "saved"},
         '--set backbone.kind takes the place of kind "applications", name "MobileNetV2", weights "embedded"'),
        ({**SMALL, "backbone": {"kind": "saved", "path": "x.keras"}}, ["backbone.name=ResNet50"],
         {"kind": "applications", "name": "ResNet50"},
         '--set backbone.name takes the place of kind "saved", path "x.keras"'),
    ],
)  # fmt: skip
def test_a_backbone_makes_way_for_another(
    document: Any, overrides: list[str], backbone: dict[str, Any], said: str
) -> None:
    config = read(document, overrides)
    found = config.to_json()["backbone"]
    assert {key: found[key] for key in backbone} == backbone
    assert config.replacements == (said,)


@pytest.mark.parametrize(
    ("override", "splits"),
    [
        ("data.splits.folds=5", {"folds": 5, "fold": 0}),
        ("data.splits.file=splits.csv", None),
        ("data.splits.train=0.5", {"train": 0.5, "validation": 0.5}),
    ],
)
def test_splits_of_another_form_make_way(override: str, splits: dict[str, Any] | None) -> None:
    more = ["data.splits.fold=0"] if "folds" in override else []
    found = read(SHARED, [override, *more])
    assert bool(found.replacements) is ("train" not in override)
    written = found.to_json()["data"]["splits"]
    assert splits is None or {key: written[key] for key in splits} == splits


NAMED = {**TEXTS, "data": {**TEXTS["data"], "splits": {"validation": "v.csv", "test": "t.csv"}}}


@pytest.mark.parametrize(
    ("overrides", "splits"),
    [
        (["data.splits.folds=3", "data.splits.fold=1"], {"folds": 3, "fold": 1, "test": 0.0, "stratify": True}),
        (["data.splits.column=c"], {"column": "c"}),
        (["data.splits.test=other.csv"], {"train": None, "validation": "v.csv", "test": "other.csv"}),
        (["data.splits.train=0.8", "data.splits.validation=0.2"],
         {"train": 0.8, "validation": 0.2, "test": 0.0, "stratify": True, "seed": 0}),
        (["data.splits.folds=3", "data.splits.fold=1", "data.splits.test=0.2"],
         {"folds": 3, "fold": 1, "test": 0.2, "stratify": True}),
    ],
)  # fmt: skip
def test_names_of_tables_make_way_for_shares_and_folds(overrides: list[str], splits: dict[str, Any]) -> None:
    assert read(NAMED, overrides).to_json()["data"]["splits"] == splits


def test_a_task_of_another_kind_loses_the_keys_of_its_own() -> None:
    document = {**MINIMAL, "task": {"kind": "image_classification", "positive": "cat"}}
    config = read(document, ["task.kind=image_regression"])
    assert config.replacements == ('--set task.kind takes the place of kind "image_classification", positive "cat"',)


def test_what_set_wrote_itself_stays_and_is_a_contradiction() -> None:
    with pytest.raises(ConfigError, match="not both"):
        read(TEXTS, ["backbone.class=GemmaBackbone", "backbone.preset=x", "backbone.class=BertBackbone"])


@pytest.mark.parametrize("override", ["seed=4", "backbone.weights=null", "head.dropout=0.1", "backbone.name=ResNet50"])
def test_most_keys_replace_nothing_but_themselves(override: str) -> None:
    assert read(MINIMAL, [override]).replacements == ()
