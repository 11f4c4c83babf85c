from __future__ import annotations

from typing import Any

import pytest

from kerastune_ft.config.checks.kinds import kind_inconsistencies
from kerastune_ft.config.checks.tables import table_inconsistencies

TABLE = {"kind": "table", "path": "cases.csv", "input": "image", "label": "finding"}
ONE = {"kind": "image_classification"}
MANY = {"kind": "image_classification", "multi_label": True}
VALUES = {"kind": "image_regression"}


def _places(task: Any, **data: Any) -> dict[str, str]:
    table = {**TABLE, **data}
    found = list(table_inconsistencies(table))
    if table["kind"] == "table":
        found += kind_inconsistencies({"task": task, "data": table})
    return {".".join(map(str, path)): message for path, message in found}


@pytest.mark.parametrize(
    ("task", "data"),
    [
        (ONE, {}),
        (ONE, {"input": "{finding}/{image}.png", "group": "patient", "splits": {"column": "part"}}),
        (ONE, {"group": "image"}),
        (MANY, {"label": ["edema", "mass"]}),
        (MANY, {"label": {"column": "finding", "separator": "|"}}),
        (VALUES, {"label": ["width", "height"]}),
        (ONE, {"kind": "folder", "group": "finding"}),
        (ONE, {"label": 5, "group": None, "splits": None, "input": None}),
    ],
)
def test_options_that_can_be_meant(task: Any, data: dict[str, Any]) -> None:
    assert _places(task, **data) == {}


@pytest.mark.parametrize(
    ("task", "data", "place", "said"),
    [
        (ONE, {"input": "finding"}, "data.input", "is the label too"),
        (ONE, {"group": "finding"}, "data.group", "a class would be in one split only"),
        (ONE, {"splits": {"column": "finding"}}, "data.splits.column", "is the label too"),
        (ONE, {"splits": {"column": "site"}, "group": "site"}, "data.splits.column", "is the group too"),
        (ONE, {"splits": {"train": "train"}}, "data.splits", 'or write {"column": "split"}'),
        (ONE, {"input": ["a", "b"]}, "data.input", "a pair of texts"),
        (ONE, {"label": ["edema"]}, "data.label", "name the column alone"),
        (ONE, {"label": {"column": "x"}}, "data.label", '"multi_label": true'),
        (MANY, {"label": ["edema", "edema"]}, "data.label", "is listed twice"),
        (MANY, {"label": ["edema", "mass"], "group": "mass"}, "data.group", "is the label too"),
        (MANY, {"label": {"column": "x"}, "input": "x"}, "data.input", "is the label too"),
        (VALUES, {"label": {"column": "x"}}, "data.label", "a column of numbers"),
    ],
)
def test_options_that_contradict_each_other(task: Any, data: dict[str, Any], place: str, said: str) -> None:
    found = _places(task, **data)
    assert list(found) == [place]
    assert said in found[place]
