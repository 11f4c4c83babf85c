"""Where the data of a call lie."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from kerastune_ft.api.given.data import find_data, find_other_data
from kerastune_ft.errors import ConfigError

FRAME = pd.DataFrame({"id": ["01", "02"], "text": ["one", "two"], "kind": ["a", "b"]})


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_path_is_its_own_place() -> None:
    for data in ("cases.csv", {"path": Path("cases.csv"), "label": ("a", "b"), "resize": "pad"}):
        found = find_data(data, None, "runs")
        assert (found.place, found.name) == (Path("cases.csv"), "cases")
    assert (found.label, found.options) == (["a", "b"], {"resize": "pad"})


def test_a_column_of_several_labels_is_an_object() -> None:
    label = {"column": "kind", "separator": "|"}
    for found in (find_data("cases.csv", label, "runs"), find_data({"path": FRAME, "label": label}, None, "runs")):
        assert (list(found.label), found.options["label"]) == (["kind"], label)


def test_data_in_memory_are_written_once(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = find_data(FRAME, "kind", "runs")
    assert found.place.parent == Path("runs/data")
    assert (found.name, found.label) == ("table", ("kind",))
    assert capsys.readouterr().err == f"the data were written to {found.place}, which the configuration names\n"
    assert find_data(FRAME.copy(), "kind", "runs").place == found.place
    assert capsys.readouterr().err == ""
    assert find_data(FRAME.assign(kind="c"), "kind", "runs").place != found.place


def test_a_template_leads_from_the_working_directory(here: Path) -> None:
    found = find_data({"path": FRAME, "input": "photos/{id}.png", "group": "kind"}, "kind", "runs")
    assert found.input == str(here / "photos/{id}.png")
    assert found.options == {"input": found.input, "group": "kind"}


def test_splits_may_be_in_memory_too() -> None:
    found = find_data({"path": FRAME, "splits": {"test": FRAME[:1]}}, "kind", "runs")
    (name,) = found.options["splits"].values()
    assert (found.place.parent / name).is_file() and name != found.place.name


@pytest.mark.parametrize(
    ("data", "label", "message"),
    [
        ("", None, "data is empty"),
        ({"kind": "folder"}, None, "nothing says where the data are"),
        ({"path": "x.csv", "label": "a"}, "b", "label is given twice"),
        ("x.csv", np.array([1, 2]), "ndarray names no column"),
    ],
)
def test_what_leads_nowhere_is_refused(data: Any, label: Any, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        find_data(data, label, "runs")


def test_other_data_need_labels_and_say_how(here: Path) -> None:
    words: dict[str, str] = {}
    with contextlib.ExitStack() as held:
        with pytest.raises(ConfigError, match=r"2 examples without labels; .*as  run.evaluate\(\(x, y\)\)$"):
            find_other_data(["one text", "two texts"], held, words)
        path = find_other_data(FRAME, held, words)
        assert words == {str(path): "the DataFrame"}
    assert not path.exists()
