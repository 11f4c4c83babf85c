from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from kerastune_ft.errors import ConfigError
from kerastune_ft.training.judging.parts import part_examples

ALL = np.arange(4)


def make_source(columns: dict[str, list[str]] | None = None, groups: list[str] | None = None, **more: Any) -> Any:
    known = columns or {}
    return SimpleNamespace(
        columns=tuple(known),
        read_column=lambda name, key: known[name],
        groups=groups,
        labels=more.get("labels", np.array([0, 1, 0, 1])),
        info=SimpleNamespace(classes=more.get("classes", ("dog", "cat"))),
    )


def part(source: Any, column: str, indices: np.ndarray = ALL, shows_groups: bool = True) -> dict[str, list[int]]:
    found = part_examples(source, column, indices, shows_groups)
    return {name: np.flatnonzero(inside).tolist() for name, inside in found.items()}


def test_columns_classes_and_groups() -> None:
    source = make_source({"sex": ["F", "M", "M", "F"]}, ["p9", "p9", "p1", "p1"])
    assert part(source, "sex", np.array([3, 1])) == {"F": [0], "M": [1]}
    assert part(source, "class") == {"dog": [0, 2], "cat": [1, 3]}
    assert part(source, "group") == {"p1": [2, 3], "p9": [0, 1]}
    assert part(source, "group", shows_groups=False) == {"group 1": [2, 3], "group 2": [0, 1]}


def test_examples_are_in_the_subgroups_of_all_their_classes() -> None:
    flags = np.array([[1, 1], [0, 1], [0, 0], [1, 0]], np.uint8)
    assert part(make_source(labels=flags), "class") == {"dog": [0, 3], "cat": [0, 1]}
    pixels = np.array([[900, 0], [10, 5], [0, 3], [1, 1]])
    assert part(make_source(labels=pixels), "class") == {"dog": [0, 1, 3], "cat": [1, 2, 3]}


def test_a_column_of_the_table_goes_first() -> None:
    source = make_source({"group": ["x", "y", "x", "y"]}, ["p9", "p9", "p1", "p1"])
    assert part(source, "group", shows_groups=False) == {"x": [0, 2], "y": [1, 3]}


@pytest.mark.parametrize(
    ("source", "column", "says"),
    [
        (make_source({"sex": ["F"] * 4}), "age", "--by age: there is no such column, its columns are sex"),
        (make_source(), "age", "the data is no table"),
        (make_source(), "group", "--by group: the examples have no groups"),
        (make_source(classes=()), "class", "--by class: the labels are values"),
    ],
)
def test_parts_that_there_are_not(source: Any, column: str, says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        part(source, column)


def test_too_many_parts_name_the_option() -> None:
    source = make_source({"id": [f"x{number}" for number in range(60)]})
    with pytest.raises(ConfigError, match="--by id: it has 60 different values"):
        part(source, "id", np.arange(60))
