from __future__ import annotations

from typing import Any

from kerastune_ft.comparison.settings import list_differences, same_but_seed
from kerastune_ft.config.read import read

HEAD: dict[str, Any] = {"name": "head", "unfreeze": "none", "epochs": 2, "learning_rate": 0.1}
TOP: dict[str, Any] = {"name": "top", "unfreeze": {"last": 2}, "epochs": 2, "learning_rate": 0.01}


def whole(**changes: Any) -> dict[str, Any]:
    document = {
        "task": {"kind": "image_classification"},
        "data": {"kind": "arrays", "path": "data.npz"},
        "backbone": {"kind": "applications", "name": "MobileNetV2", "weights": None},
        "phases": [HEAD, TOP],
    }
    return read({**document, **changes}).to_json()


def find(**configs: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {row["key"]: row["values"] for row in list_differences(configs)}


def test_only_keys_that_differ_are_listed_with_defaults_filled_in() -> None:
    other = whole(name="b", seed=4, phases=[{**HEAD, "clip_norm": 1.0}, TOP], output={"directory": "elsewhere"})
    assert find(a=whole(name="a"), b=other) == {
        "seed": {"a": 0, "b": 4},
        "phases.head.clip_norm": {"a": None, "b": 1.0},
    }
    assert find(a=whole(), b=whole()) == {}


def test_phases_are_compared_by_name_and_one_alone_has_what_is_no_default() -> None:
    assert find(a=whole(), b=whole(phases=[{**TOP, "early_stopping": {"patience": 3}}])) == {
        "phases.head": {"a": {"unfreeze": "none", "epochs": 2, "learning_rate": 0.1}},
        "phases.top.early_stopping": {"a": None, "b": {"patience": 3, "min_delta": 0.0}},
    }


def test_another_order_of_the_same_phases_is_a_difference() -> None:
    assert find(a=whole(), b=whole(phases=[TOP, HEAD])) == {
        "order of phases": {"a": ["head", "top"], "b": ["top", "head"]}
    }


def test_values_of_another_kind_are_shown_whole() -> None:
    found = find(a=whole(), b=whole(phases=[HEAD, {**TOP, "unfreeze": "all"}]))
    assert found == {"phases.top.unfreeze": {"a": {"last": 2}, "b": "all"}}


def test_runs_that_differ_in_the_seed_alone_are_one_group() -> None:
    configs = {"a": whole(), "b": whole(seed=1, name="other"), "c": whole(seed=2, head={"dropout": 0.3})}
    assert same_but_seed(configs) == [["a", "b"], ["c"]]


def test_phases_that_are_chosen_for_each_fold_are_one_value() -> None:
    phases = [{"name": "head", "epochs": 2}]
    (row,) = list_differences({"a": {"phases": "auto"}, "b": {"phases": phases}})[:1]
    assert row["key"] == "phases" and row["values"]["a"] == "auto"
