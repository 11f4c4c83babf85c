from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from kerastune_ft.data.tables.text_table import TextTable
from kerastune_ft.errors import DataError
from kerastune_ft.inference.items import Item, Listing
from kerastune_ft.inference.output.submission_ids import match_ids

PATHS = ("in/a/1.x.png", "in/a/2.png", "in/b/1.png")


def make_sample(**cells: Sequence[str]) -> TextTable:
    rows = len(next(iter(cells.values())))
    return TextTable(Path("sample.csv"), "row", range(2, rows + 2), cells)


def make_files(*paths: str, own: Mapping[str, Sequence[Any]] | None = None) -> Listing:
    return Listing([Item(path, path=path) for path in paths], len(paths), own=own or {})


@pytest.mark.parametrize(
    ("ids", "source", "places"),
    [
        (["a/2.png", "a/1.x.png", "b/1.png"], "the file name with 1 folder", (1, 0, 2)),
        (["b/1", "a/2", "a/1.x"], "the file name with 1 folder without its ending", (2, 1, 0)),
        (["1.png", "2.png", "1.x.png"], "the file name", (2, 1, 0)),
        (["1", "1.x", "2"], "the file name without its ending", (2, 0, 1)),
        (["in/a/2.png", "in/a/1.x.png", "in/b/1.png"], "the file name with 2 folders", (1, 0, 2)),
    ],
)
def test_ids_are_paths_in_any_length(ids: list[str], source: str, places: tuple[int, ...]) -> None:
    found = match_ids(make_sample(id=ids, label=["x", "x", "x"]), [make_files(*PATHS)])
    assert (found.column, found.source, found.places) == ("id", source, places)


def test_names_of_several_inputs_are_one_row_of_ids() -> None:
    found = match_ids(make_sample(id=["2", "1"]), [make_files("x/1.png"), make_files("y/2.png")])
    assert found.places == (1, 0)


def test_letters_of_two_unicode_forms_are_the_same() -> None:
    found = match_ids(make_sample(id=["\u00e9"]), [make_files("e\u0301.png")])
    assert found.places == (0,)


def test_a_column_of_the_tables_own_comes_first_where_it_has_the_ids_name() -> None:
    texts = Listing([Item("good", texts=("good",)), Item("bad", texts=("bad",))], 2, own={"n": [1, 2], "id": [2, 1]})
    found = match_ids(make_sample(target=["0", "0"], id=["1", "2"]), [texts])
    assert (found.column, found.source, found.places) == ("id", "the column id", (1, 0))


def test_the_sample_may_have_its_ids_in_any_column() -> None:
    found = match_ids(make_sample(label=["x", "x"], file=["2.png", "1.png"]), [make_files("1.png", "2.png")])
    assert (found.column, found.places) == ("file", (1, 0))


def test_what_does_not_fit_is_named_and_counted() -> None:
    sample = make_sample(id=["1", "9", "2", "2", "8"], label=["x"] * 5)
    with pytest.raises(DataError) as caught:
        match_ids(sample, [make_files("a/1.png", "b/1.png", "2.png", "3.png")])
    lines = str(caught.value).splitlines()
    assert lines[0].startswith("--submission: sample.csv (5 rows) and the inputs (4) are not the same; the ids in id")
    assert lines[1:] == [
        "  2 ids without an input: 9, 8; give their inputs too",
        "  1 id of inputs that it does not name: 3; leave these inputs out",
        "  1 id that it names more than once: 2; name each of them once in the sample",
        "  1 id of more than one input: 1; give one input for each of them",
    ]


def test_inputs_without_an_id_are_counted() -> None:
    listing = Listing([Item("a", texts=("a",)), Item("b", texts=("b",))], 2, own={"id": ["1", ""]})
    with pytest.raises(DataError, match="1 input without an id"):
        match_ids(make_sample(id=["1"]), [listing])


@pytest.mark.parametrize(
    ("listing", "message"),
    [
        (make_files("a.png"), r"no id of sample.csv is that of an input \(id has 1, 2\)"),
        (Listing((Item(f"x[{row}]") for row in range(2)), 2), "the inputs have no ids that sample.csv could name"),
    ],
)
def test_strangers_are_refused(listing: Listing, message: str) -> None:
    with pytest.raises(DataError, match=message):
        match_ids(make_sample(id=["1", "2"]), [listing])
