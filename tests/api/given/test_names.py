"""Errors name what was given, and no file of the package's own."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import kerastune_ft as kt
from kerastune_ft.api.given.names import replace_paths
from kerastune_ft.data.in_memory.written_names import describe_form
from kerastune_ft.errors import ConfigError, DataError

FRAME = pd.DataFrame({"text": [f"this is text {row} about things" for row in range(30)], "queue": ["x", "y"] * 15})


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_paths_become_words() -> None:
    words = {"runs/data/table-1.parquet": describe_form("table")}
    whole = Path("runs/data/table-1.parquet").absolute()
    for path in ("runs/data/table-1.parquet", whole, "table-1.parquet"):
        with pytest.raises(DataError, match=r"^row 3 of the DataFrame$"), replace_paths(words):
            raise DataError(f"row 3 of {path}")


def test_a_column_that_is_not_there_is_one_of_the_frame() -> None:
    with pytest.raises(ConfigError, match=r"label: the DataFrame has no column 'quue'; did you mean \"queue\""):
        kt.fine_tune(FRAME, "quue")


def test_mistakes_of_a_call_have_their_own_sentence() -> None:
    with pytest.raises(ConfigError, match=r"data has no key 'pathh' for a DataFrame; did you mean \"path\"\?"):
        kt.fine_tune({"pathh": FRAME}, "queue")
    with pytest.raises(ConfigError, match="directory 'c' has no effect with run_dir 'a/b'"):
        kt.fine_tune("photos", run_dir="a/b", directory="c")
    with pytest.raises(DataError, match="1 label for 2 examples"):
        kt.fine_tune(["a.jpg", "b.jpg"], ["a"])
    with pytest.raises(DataError, match=r'nothing is left to learn from; the column "a" is left out: it holds objects'):
        kt.fine_tune(pd.DataFrame({"a": [object()] * 4, "b": list("xyxy")}), "b")
    with pytest.raises(ConfigError, match=r"look like image_classification \(data.kind arrays\)"):
        kt.fine_tune((np.zeros((4, 8, 8, 3), np.uint8), list("abab")), task="text_classification")


def test_a_number_names_a_column() -> None:
    with pytest.raises(ConfigError, match="backbone"):
        kt.fine_tune(FRAME.set_axis([0, 1], axis=1), 1, backbone="MobileNetV2")


def test_ids_without_their_zeros_name_the_file_that_is_meant() -> None:
    Path("0001.jpg").write_bytes(b"")
    with pytest.raises(DataError, match=r"1.jpg is not there; .*0001.jpg is$"):
        kt.fine_tune({"path": pd.DataFrame({"id": [1, 2], "y": ["a", "b"]}), "input": "{id}.jpg"}, "y")
