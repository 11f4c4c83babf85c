"""Matches the ids of a sample submission with the inputs of predictions."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from kerastune_ft.data.labels.spelling import normalise
from kerastune_ft.data.tables.cells import cell_text
from kerastune_ft.data.tables.text_table import TextTable
from kerastune_ft.errors import DataError
from kerastune_ft.inference.items import Listing
from kerastune_ft.wording import counted, first_names

# So many rows of a sample tell which of its columns has the ids, and so many folders of a path may be part of one.
_LOOKED_AT, _DEEPEST, _SHOWN = 1000, 8, 5


@dataclass(frozen=True)
class Matching:
    """Which input each row of a sample submission is about."""

    column: str
    """The sample's column of ids."""
    source: str
    """What the ids are of the inputs, in words."""
    places: tuple[int, ...]
    """For each row of the sample the position of its input."""


@dataclass(frozen=True)
class _Ids:
    """One way of naming the inputs: an id for each of them, empty where an input has none."""

    source: str
    ids: Sequence[str]


def match_ids(sample: TextTable, listings: Sequence[Listing]) -> Matching:
    """Return which input each row of a sample is about; an item of listings that are lists has a name as its id.

    Ids are the cells of a column that every table among the inputs has, or the paths of files, by any number of their
    folders, with or without their ending. Raises DataError where ids and inputs are not the same, one for one.
    """
    ways = [*_own_columns(listings), *_paths(listings)]
    texts = {column: [normalise(text) for text in sample.texts(column, "--submission")] for column in sample.columns}
    best: tuple[int, str, _Ids] | None = None
    for column, cells in texts.items():
        wanted = {cell for cell in cells[:_LOOKED_AT] if cell}
        # A column of the same name comes first, then the others in order.
        same = [way for way in ways if way.source == _column(column)]
        for way in (*same, *ways):
            hits = len(wanted.intersection(way.ids))
            if hits and (best is None or hits > best[0]):
                best = hits, column, way
    if best is None:
        raise DataError(_explain_strangers(sample, texts, ways))
    _, column, way = best
    _check(sample, column, texts[column], way)
    place_of = {text: place for place, text in enumerate(way.ids)}
    return Matching(column, way.source, tuple(place_of[text] for text in texts[column]))


def _column(name: str) -> str:
    return f"the column {name}"


def _own_columns(listings: Sequence[Listing]) -> list[_Ids]:
    shared = [name for name in listings[0].own if all(name in listing.own for listing in listings)]
    return [
        _Ids(_column(name), [normalise(cell_text(cell) or "") for listing in listings for cell in listing.own[name]])
        for name in shared
    ]


def _paths(listings: Sequence[Listing]) -> list[_Ids]:
    """Return the ways of naming inputs by their paths: the last parts of these, with and without the ending."""
    names: list[str] = []
    for listing in listings:
        if not isinstance(listing.items, list):
            return []
        # Of texts in a table the names are the texts themselves.
        if listing.own and not all(item.path or item.problem for item in listing.items):
            return []
        names += [normalise(item.name) for item in listing.items]
    parts = [name.replace(os.sep, "/").split("/") for name in names]
    ways = []
    for depth in range(1, min(max(map(len, parts), default=0), _DEEPEST) + 1):
        folders = f" with {counted(depth - 1, 'folder')}" if depth > 1 else ""
        files = ["/".join(each[-depth:]) for each in parts]
        ways.append(_Ids(f"the file name{folders}", files))
        ways.append(_Ids(f"the file name{folders} without its ending", [os.path.splitext(file)[0] for file in files]))
    return [*ways, _Ids("the path as it was given", names)]


def _explain_strangers(sample: TextTable, texts: dict[str, list[str]], ways: Sequence[_Ids]) -> str:
    """Return the message about a sample of which no id is that of an input."""
    columns = "; ".join(f"{column} has {first_names(dict.fromkeys(cells), 2)}" for column, cells in texts.items())
    if not ways:
        return (
            f"--submission: the inputs have no ids that {sample.path} could name; give files, a folder, an archive, or "
            "a table with a column of ids"
        )
    known = "\n".join(f"  {way.source}: {first_names(dict.fromkeys(way.ids), 3)}" for way in ways[:_DEEPEST])
    return (
        f"--submission: no id of {sample.path} is that of an input ({columns}).\nAn id can be\n{known}\n"
        "Give the inputs that it names, or a table with a column of its ids"
    )


def _check(sample: TextTable, column: str, texts: Sequence[str], way: _Ids) -> None:
    """Raise DataError with all that is wrong where the ids are not those of the inputs, one for one."""
    wanted, known = Counter(texts), Counter(way.ids)
    ids = "id", "ids"
    twice = (text for text, count in wanted.items() if text and count > 1)
    shared = (text for text, count in known.items() if text and text in wanted and count > 1)
    found = (
        (_name((text for text in wanted if text not in known), *ids, "{} without an input"), "give their inputs too"),
        (
            _name((text for text in known if text and text not in wanted), *ids, "{} of inputs that it does not name"),
            "leave these inputs out",
        ),
        (_name(twice, *ids, "{} that it names more than once"), "name each of them once in the sample"),
        (_name(shared, *ids, "{} of more than one input"), "give one input for each of them"),
        (f"{counted(known[''], 'input')} without an id" if known[""] else "", "give each input an id, or leave it out"),
    )
    if said := [f"  {problem}; {remedy}" for problem, remedy in found if problem]:
        listed = "\n".join(said)
        raise DataError(
            f"--submission: {sample.path} ({counted(len(texts), 'row')}) and the inputs ({len(way.ids):,}) are not the "
            f"same; the ids in {column} are compared with {way.source}:\n{listed}"
        )


def _name(ids: Iterable[str], one: str, several: str, sentence: str) -> str:
    names = [text or "(empty)" for text in ids]
    what = f"{len(names):,} {one if len(names) == 1 else several}"
    return f"{sentence.format(what)}: {first_names(names, _SHOWN)}" if names else ""
