from __future__ import annotations

import copy
import json
import pickle
import random
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from kerastune_ft.config.facts.applications import APPLICATIONS
from kerastune_ft.config.options.data import Fractions, Named
from kerastune_ft.config.options.phases import (
    AUGMENT_PRESETS,
    Augment,
    Everything,
    Fraction,
    From,
    HeadOnly,
    Last,
    Match,
    Optimizer,
    RatePolicy,
    Variables,
)
from kerastune_ft.config.read import read
from kerastune_ft.config.run import RunConfig, config_hash
from tests.support.config_cases import MINIMAL, changed, messages

UNFREEZE = [
    ("none", HeadOnly()),
    ("all", Everything()),
    ({"last": 3}, Last(count=3)),
    ({"from": "block6"}, From(unit="block6")),
    ({"fraction": 0.3}, Fraction(share=0.3)),
    ({"match": ["a*", "b"]}, Match(globs=("a*", "b"))),
    ({"variables": ["*/gamma"]}, Variables(globs=("*/gamma",))),
]


@pytest.mark.parametrize(("written", "expected"), UNFREEZE)
def test_unfreeze_forms(written: object, expected: object) -> None:
    phase = read(changed("phases.1.unfreeze", written)).phases[1]
    assert phase.unfreeze == expected
    assert phase.unfreeze.to_json() == written


@pytest.mark.parametrize("written", ["top", 3, {}, {"last": 1, "from": "x"}, {"top": 3}, ["block6"], None])
def test_what_is_no_unfreeze_gets_all_forms_in_one_sentence(written: object) -> None:
    found = messages(changed("phases.1.unfreeze", written))
    assert list(found) == ["phases[1].unfreeze"]
    assert '{"from": "block6"}' in found["phases[1].unfreeze"]


@pytest.mark.parametrize(
    ("written", "place"),
    [({"last": 0}, "last"), ({"fraction": 1.5}, "fraction"), ({"match": []}, "match"), ({"from": ""}, "from")],
)
def test_unfreeze_values_are_placed_inside(written: object, place: str) -> None:
    assert list(messages(changed("phases.1.unfreeze", written))) == [f"phases[1].unfreeze.{place}"]


def test_short_forms() -> None:
    phase = read(MINIMAL).phases[0]
    assert phase.learning_rate == RatePolicy(peak=0.001, shape="constant", warmup=0.0, unit_decay=1.0)
    assert phase.optimizer == Optimizer(name="adamw")
    assert read(changed("phases.0.optimizer", {"name": "sgd", "momentum": 0.9, "nesterov": True})).phases[
        0
    ].optimizer == Optimizer(name="sgd", options={"momentum": 0.9, "nesterov": True})
    assert read(changed("phases.0.learning_rate", 1)).phases[0].learning_rate.peak == 1.0


@pytest.mark.parametrize("preset", AUGMENT_PRESETS)
def test_augment_presets_resolve_to_every_operation(preset: str) -> None:
    assert Augment(preset=preset).resolved() == dict(AUGMENT_PRESETS[preset])
    resolved = Augment(preset=preset, flip="both", erase=0.5).resolved()
    assert resolved == {**AUGMENT_PRESETS[preset], "flip": "both", "erase": 0.5}


def test_light_augmentation_never_mirrors() -> None:
    assert AUGMENT_PRESETS["light"]["flip"] == "none"


def test_splits() -> None:
    fractions = {"train": 0.7, "validation": 0.2, "test": 0.1}
    assert read(changed("data.splits", fractions)).data.splits == Fractions(train=0.7, validation=0.2, test=0.1)
    named = {"train": "train", "test": "holdout"}
    assert read(changed("data.splits", named)).data.splits == Named(train="train", test="holdout")
    assert read(MINIMAL).data.splits is None


def test_image_sizes() -> None:
    assert read(changed("backbone.image_size", 64)).backbone.resolved_image_size == (64, 64)
    assert read(changed("backbone.image_size", [64, 96])).backbone.resolved_image_size == (64, 96)
    assert read(MINIMAL).backbone.resolved_image_size == (224, 224)
    embedded = read(changed("backbone.weights", "embedded")).backbone
    assert (embedded.resolved_image_size, embedded.options) == ((96, 96), {"alpha": 0.35})


def test_options_are_immutable() -> None:
    config = read(MINIMAL)
    with pytest.raises(ValidationError, match="frozen"):
        config.seed = 3  # type: ignore[misc]
    with pytest.raises(ValidationError, match="frozen"):
        config.phases[0].epochs = 3  # type: ignore[misc]


# A few values for each key; a draw takes some of them, so that reading sees them in many combinations.
VALUES: dict[str, list[Any]] = {
    "seed": [1, 2**31],
    "name": ["x-1", "x.y"],
    "task.classes": [["a", "b"], {"1": "yes", "0": "no"}],
    "data.splits": [{"train": 0.6, "validation": 0.4}, {"train": "train", "validation": "val"}],
    "data.resize": ["pad", "stretch"],
    "data.on_bad_file": ["skip"],
    "backbone.image_size": [64, [64, 96]],
    "backbone.options": [{"alpha": 0.5}],
    "head": [{"hidden": [8, 4], "pooling": "max"}, {"dropout": 0}],
    "phases.0.learning_rate": [1, {"peak": 0.1, "warmup": 0.2}],
    "phases.1.learning_rate": [{"peak": 0.1, "shape": "cosine", "final": 0.01, "units": {"b*": 0.5, "a*": 2}}],
    "phases.1.unfreeze": [written for written, _ in UNFREEZE[1:]],
    "phases.1.optimizer": ["lion", {"name": "rmsprop", "rho": 0.8, "centered": True}],
    "phases.1.augment": ["strong", {"preset": "light", "flip": "both", "erase": 1}],
    "phases.1.early_stopping": [{"patience": 3}, {"patience": 3, "min_delta": 0.1}],
    "phases.1.start_from": ["last", "pretrained"],
    "phases.1.monitor": ["validation_auc"],
    "phases.1.dropout": [0, 0.5],
    "phases.1.clip_norm": [1, 0.5],
    "runtime": [{"strategy": "mirrored", "replicas": 2}, {"deterministic": False, "cache_directory": "stores"}],
    "output": [{"checkpoint": {"every": {"steps": 3}}}, {"checkpoint": {"every": {"minutes": 2}, "keep": 1}}],
}


def _drawn(seed: int) -> dict[str, Any]:
    draw = random.Random(seed)
    document = copy.deepcopy(MINIMAL)
    for path, values in VALUES.items():
        if draw.random() < 0.4:
            one = changed(path, draw.choice(values))
            *way, last = [int(step) if step.isdigit() else step for step in path.split(".")]
            source: Any = one
            target: Any = document
            for step in way:
                source, target = source[step], target[step]
            target[last] = source[last]
    return document


@pytest.mark.parametrize("seed", range(60))
def test_the_written_configuration_reads_back_equal(seed: int) -> None:
    config = read(_drawn(seed))
    document = json.loads(json.dumps(config.to_json()))
    assert read(document) == config
    assert read(document).to_json() == config.to_json()
    assert pickle.loads(pickle.dumps(config)) == config


def test_the_written_configuration_has_every_default() -> None:
    document = read(MINIMAL).to_json()
    assert document["output"]["checkpoint"] == {"every": "epoch", "keep": 2}
    assert set(document) == set(RunConfig.model_fields)
    assert document["phases"][0]["optimizer"] == {"name": "adamw", "options": {}}


def test_paths_are_those_of_the_working_directory_else_of_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "configs").mkdir()
    (tmp_path / "work").mkdir()
    path = tmp_path / "configs" / "a.json"
    path.write_text(json.dumps(MINIMAL))
    monkeypatch.chdir(tmp_path / "work")
    assert read(path).data.path == str(tmp_path / "configs" / "photos")
    (tmp_path / "work" / "photos").mkdir()
    assert read(path).data.path == str(tmp_path / "work" / "photos")
    assert read(path).output.directory == "runs"


def test_paths_of_a_base_are_relative_to_the_base(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "team").mkdir()
    (tmp_path / "team" / "base.json").write_text(json.dumps(MINIMAL))
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "a.json").write_text(json.dumps({"extends": "../team/base.json"}))
    assert Path(read(tmp_path / "own" / "a.json").data.path).resolve() == tmp_path / "team" / "photos"


def test_variables_expand_in_paths_only_and_the_hash_keeps_their_names(monkeypatch: pytest.MonkeyPatch) -> None:
    document = {
        **changed("data.path", "${PHOTOS}/a"),
        "task": {"kind": "image_classification", "classes": ["${A}", "b"]},
    }
    monkeypatch.setenv("PHOTOS", "/one")
    first = read(document)
    monkeypatch.setenv("PHOTOS", "/two")
    second = read(document)
    assert (first.data.path, second.data.path) == ("/one/a", "/two/a")
    assert first.task.classes == ("${A}", "b")
    assert config_hash(first) == config_hash(second)
    assert config_hash(pickle.loads(pickle.dumps(first))) == config_hash(first)
    assert first != second


def test_buckets_are_left_alone() -> None:
    assert read(changed("data.path", "gs://bucket/photos")).data.path == "gs://bucket/photos"


@pytest.mark.parametrize(
    ("path", "value", "same"),
    [
        ("output", {"directory": "elsewhere"}, True),
        ("//", "a comment", True),
        ("phases.0.learning_rate", {"peak": 0.001}, True),
        ("phases.0.epochs", 3, False),
        ("seed", 1, False),
        ("name", "other", False),
        ("runtime", {"strategy": "none"}, False),
        ("data.path", "photos2", False),
    ],
)
def test_the_hash_covers_what_can_change_results(path: str, value: object, same: bool) -> None:
    assert (config_hash(read(changed(path, value))) == config_hash(read(MINIMAL))) is same


def test_the_hash_keeps_the_order_of_classes() -> None:
    one, other = {"0": "no", "1": "yes"}, {"1": "yes", "0": "no"}
    hashes = {config_hash(read(changed("task.classes", classes))) for classes in (one, other)}
    assert len(hashes) == 2


def test_the_hash_ignores_the_order_of_options() -> None:
    texts = [{"name": "sgd", "momentum": 0.9, "nesterov": True}, {"nesterov": True, "momentum": 0.9, "name": "sgd"}]
    assert len({config_hash(read(changed("phases.0.optimizer", text))) for text in texts}) == 1


@pytest.mark.slow
def test_the_table_of_applications_is_that_of_keras() -> None:
    import inspect
    import math

    import keras

    functions = {name: one for name, one in vars(keras.applications).items() if inspect.isfunction(one)}
    assert set(functions) == set(APPLICATIONS)
    for name, facts in APPLICATIONS.items():
        assert set(facts.options) <= set(inspect.signature(functions[name]).parameters)
    # Small ones, because every model built costs its memory; one family each.
    for name in ("MobileNet", "MobileNetV2", "MobileNetV3Small", "NASNetMobile", "DenseNet121", "EfficientNetB0"):
        with keras.StatelessScope():
            size = functions[name](weights=None).input_shape[1]
            body = functions[name](weights=None, include_top=False)
        weights = [one for one in body.variables if not one.path.endswith("seed_generator_state")]
        counted = sum(math.prod(one.shape) for one in weights)
        # MobileNetV3 leaves its size open; 224 is what it was trained at.
        assert (size or 224, counted) == (APPLICATIONS[name].image_size, APPLICATIONS[name].parameters)
