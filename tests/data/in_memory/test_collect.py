"""Which form data in memory have."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from kerastune_ft.data.in_memory.collect import collect, is_in_memory
from kerastune_ft.errors import ConfigError
from tests.support.dialogue_files import make_messages

CHAT = make_messages("a question", "an answer")
X, Y = np.zeros((2, 4, 4), np.uint8), ["a", "b"]


class Loader:
    """A data set of another library."""

    def __len__(self) -> int:
        return 2

    def __getitem__(self, index: int) -> Any:
        return X[index], Y[index]


def test_a_path_is_no_data() -> None:
    assert not is_in_memory("photos") and not is_in_memory(Path("photos")) and is_in_memory([])


@pytest.mark.parametrize(
    ("data", "label", "name"),
    [
        (X, Y, "arrays"),
        ((X, Y), None, "arrays"),
        ({"x": X, "y": Y}, None, "arrays"),
        (["one text", "two"], Y, "texts"),
        ((["one text", "two"], Y), None, "texts"),
        (np.array(["one text", "two"]), Y, "texts"),
        (np.array([["a", "b"], ["c", "d"]]), Y, "pairs"),
        (pd.Series(["one text", "two"]), Y, "texts"),
        (pd.DataFrame({"text": ["one text", "two"], "y": Y}), "y", "table"),
        ({"text": ["one text", "two"], "y": Y}, "y", "table"),
        ([{"text": "one text", "y": "a"}, {"text": "two", "y": "b"}], "y", "table"),
        ([CHAT, CHAT], None, "table"),
        ([{"chat": CHAT}, {"chat": []}], None, "table"),
        (pd.DataFrame({"chat": [CHAT, None]}), None, "table"),
    ],
)
def test_forms_are_known(data: Any, label: Any, name: str) -> None:
    assert getattr(collect(data, label), "name") == name  # noqa: B009


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ((one for one in X), r"generator can be read once.*as list\(data\)"),
        (Loader(), r"Loader is none of the forms.*\[label for _, label in data\]"),
        (3, "int is no data; give a folder"),
        (None, "NoneType is no data"),
        ({}, "data is empty"),
        ({"text": ["a"], "y": [1, 2]}, "are no table"),
        (((X, Y), (X, Y)), r"run\.evaluate\(test_pair\)"),
    ],
)
def test_what_is_no_data_is_said_with_what_is(data: Any, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        collect(data, None)


def test_one_dialogue_is_no_list_of_examples() -> None:
    with pytest.raises(ConfigError, match="one list of messages is one dialogue; give a list of such lists"):
        collect(CHAT, None)
