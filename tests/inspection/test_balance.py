from __future__ import annotations

from kerastune_ft.inspection.balance import find_copies_of_other_groups, find_imbalance, find_shared_groups


def test_rare_classes_are_named() -> None:
    found = find_imbalance({"train": {"a": 200, "b": 150, "c": 4}, "test": {"a": 1, "b": 1, "c": 1}})
    assert found is not None
    assert found.detail == "a is 50 times as frequent in train as c; fewer than 10 in train: c (4)"
    assert '"class_weights": "balanced"' in found.advice
    assert find_imbalance({"train": {"a": 99, "b": 10}}) is None
    found = find_imbalance({"train": {"a": 40, "b": 3}}, "average precision by class", "boxes")
    assert found is not None
    assert found.detail == "a is 13 times as frequent in train as b; fewer than 10 boxes in train: b (3)"
    assert found.advice.split(", and ")[1].startswith("watch average precision by class;")
    # Values have no classes.
    assert find_imbalance({}) is None


def test_groups_in_two_splits_are_counted() -> None:
    found = find_shared_groups(["p1", "p2", "p1", "p2"], ["train", "test", "test", "test"])
    assert found is not None
    assert (found.count, found.rows[0].positions) == (1, (0, 2))
    assert found.detail == "1 group of 2 in more than one split"
    assert find_shared_groups(["p1", "p2"], ["train", "test"]) is None
    assert find_shared_groups(None, ["train"]) is None


def test_copies_that_name_several_groups() -> None:
    assert find_copies_of_other_groups(["p", "p", "q"], [[0, 1], [1, 2]]) == [[1, 2]]
    assert find_copies_of_other_groups(None, [[0, 1]]) == []
