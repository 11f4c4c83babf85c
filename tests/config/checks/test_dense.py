from __future__ import annotations

from typing import Any

import pytest

from kerastune_ft.config.checks.dense import check_dense, check_not_dense
from kerastune_ft.config.checks.parts import Parts, find_parts

DENSE = {"task": {"kind": "object_detection"}, "data": {"kind": "folder"}, "head": {"width": 8}, "phases": []}


def parts(**changes: Any) -> Parts:
    found = find_parts({**DENSE, **changes})
    assert found is not None
    return found


def test_a_head_on_feature_maps_pools_nothing_and_is_not_solved() -> None:
    assert list(check_dense(parts(), "is a decoder")) == []
    found = dict(check_dense(parts(phases=[{"optimizer": "lbfgs"}], head={"pooling": "max"}), "is a decoder"))
    assert set(found) == {("head", "pooling"), ("phases", 0, "optimizer")}
    assert "that of task.kind object_detection is a decoder" in found["phases", 0, "optimizer"]


@pytest.mark.parametrize("key", ["input", "label"])
def test_folders_and_width_are_of_dense_tasks_alone(key: str) -> None:
    found = parts(task={"kind": "image_classification"}, data={"kind": "folder", key: "x"})
    assert [place for place, _ in check_not_dense(found)] == [("head", "width"), ("data", key)]
