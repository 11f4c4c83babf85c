from __future__ import annotations

from typing import Any

import pytest

from kerastune_ft.config.options.phases import (
    Everything,
    Fraction,
    From,
    HeadOnly,
    Last,
    Match,
    Variables,
)
from kerastune_ft.config.read import read
from tests.support.config_cases import messages, with_change

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
    phase = read(with_change("phases.1.unfreeze", written)).phases[1]
    assert phase.unfreeze == expected
    assert phase.unfreeze.to_json() == written


@pytest.mark.parametrize("written", ["top", 3, {}, {"last": 1, "from": "x"}, {"top": 3}, ["block6"], None])
def test_what_is_no_unfreeze_gets_all_forms_in_one_sentence(written: object) -> None:
    found = messages(with_change("phases.1.unfreeze", written))
    assert list(found) == ["phases[1].unfreeze"]
    assert '{"from": "block6"}' in found["phases[1].unfreeze"]


@pytest.mark.parametrize(
    ("written", "place"),
    [({"last": 0}, "last"), ({"fraction": 1.5}, "fraction"), ({"match": []}, "match"), ({"from": ""}, "from")],
)
def test_unfreeze_values_are_placed_inside(written: object, place: str) -> None:
    assert list(messages(with_change("phases.1.unfreeze", written))) == [f"phases[1].unfreeze.{place}"]


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
