"""Lists of examples."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from kerastune_ft.data.in_memory.lists import collect_list, name_files
from kerastune_ft.data.in_memory.parts import Arrays, Columns
from kerastune_ft.errors import DataError


def collect(items: Any, label: Any = ("a", "b")) -> Any:
    return collect_list(items, list(label), several=False)


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_texts_stay_texts() -> None:
    found = collect(["one", "two words"])
    assert found == Columns("texts", {"text": ["one", "two words"], "label": ["a", "b"]}, "text", ("label",))


def test_pairs_are_two_columns() -> None:
    found = collect([("why", "so"), ["who", "me"]])
    assert (found.input, found.cells["text_2"]) == (("text_1", "text_2"), ["so", "me"])


def test_files_are_found_from_anywhere(here: Path) -> None:
    for name in ("1.png", "2.png"):
        (here / name).write_bytes(b"")
    for items in (["1.png", "2.png"], [Path("1.png"), Path("2.png")]):
        assert collect(items).cells["file"] == [str(here / "1.png"), str(here / "2.png")]


def test_a_text_file_is_read(here: Path) -> None:
    for name, text in (("1.txt", "é one\n"), ("2.txt", "two")):
        (here / name).write_text(text, encoding="utf-8")
    assert collect(["1.txt", "2.txt"]).cells["text"] == ["é one", "two"]


def test_names_that_lead_nowhere_are_no_texts(here: Path) -> None:
    assert name_files(["a.png", "b.jpg"])
    with pytest.raises(
        DataError, match=r"2 files of 2 are not there: a.png at \[0\], b.jpg at \[1\] \(looked for from"
    ):
        collect(["a.png", "b.jpg"])
    assert not name_files(["see a.png", "b"])


def test_arrays_of_one_shape_are_one_array() -> None:
    found = collect([np.zeros((4, 4, 3), np.float32)] * 2)
    assert isinstance(found, Arrays)
    assert found.arrays["x"].shape == (2, 4, 4, 3)


@pytest.mark.parametrize(
    "items",
    [
        [np.zeros((4, 4, 3), np.uint8), np.zeros((5, 4, 3), np.uint8)],
        [Image.new("RGB", (3, 3)), Image.new("L", (3, 3))],
    ],
)
def test_pictures_of_other_sizes_are_cells(items: Any) -> None:
    found = collect(items)
    assert (found.name, found.input) == ("images", "image")
    assert all(cell.startswith(b"\x89PNG") for cell in found.cells["image"])


def test_sounds_are_cells() -> None:
    found = collect([{"array": np.zeros(9 + more), "sampling_rate": 8000} for more in range(2)])
    assert (found.name, found.cells["sound"][0][:4]) == ("sounds", b"RIFF")


def test_several_numbers_are_several_columns() -> None:
    found = collect_list(["a b", "c d"], np.array([[0.5, 1], [2, 3]]), several=False)
    assert (found.label, found.cells["label_1"]) == (("label_0", "label_1"), [1.0, 3.0])


@pytest.mark.parametrize(
    ("items", "message"),
    [
        ([], "data is empty"),
        (["a", None], r"\[1\] of 2 examples are missing"),
        (["a", ("b", "c")], r"different kinds: a text or path at \[0\] and a pair of texts at \[1\]"),
        ([1, 2], r"\[0\] is a int, which is no example"),
        ([np.zeros(4), np.zeros(5)], "sounds need their rate"),
    ],
)
def test_what_is_no_list_of_examples_is_named(items: Any, message: str) -> None:
    with pytest.raises(DataError, match=message):
        collect(items)
