"""The several inputs of a table's rows: each read as if it were the only one, then brought together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from kerastune_ft.data.duplicates import describe_equal, group_equal
from kerastune_ft.data.files.fingerprint import content_identity
from kerastune_ft.data.inputs import Inputs
from kerastune_ft.data.labels.base import Labels
from kerastune_ft.data.modality import ReadContext, RowInputs
from kerastune_ft.data.several.columns import ColumnCells
from kerastune_ft.data.several.source import SeveralSource, name_notes
from kerastune_ft.data.source import Catalogue, DataSource, SkippedFile
from kerastune_ft.errors import DataError

_CONTRADICTION = "there with two labels, which the same inputs cannot tell apart"


class SeveralRows(RowInputs):
    """The inputs of rows that name pictures, hold texts, numbers and words."""

    def __init__(self, parts: Mapping[str, RowInputs], cells: ColumnCells, context: ReadContext) -> None:
        """`parts` are the inputs of pictures and texts by name, `cells` those of all rows."""
        self._parts, self._cells, self._context = parts, cells, context
        first = next(iter(parts.values()))
        self.names, self.keys = first.names, first.keys

    def select(self, rows: Sequence[int]) -> tuple[list[int], tuple[SkippedFile, ...]]:
        """Return which of these rows have all their texts, and the others."""
        left, skipped = list(rows), list[SkippedFile]()
        for part in self._parts.values():
            left, absent = part.select(left)
            skipped += absent
        return left, tuple(skipped)

    def find_notes(self, labels: Sequence[str]) -> tuple[str, ...]:
        """Return what is to be said of the rows whatever their labels: the same picture may belong to many."""
        alike = [""] * len(labels)
        return tuple(name_notes({name: part.find_notes(alike) for name, part in self._parts.items()}))

    def add_problems(self, error: DataError) -> DataError:
        """Return an error about rows without a label that also names those without a text."""
        for part in self._parts.values():
            error = part.add_problems(error)
        return error

    def read(self, rows: Sequence[int]) -> Inputs:
        """Return the checked inputs of those rows that have all of them."""
        left, skipped = list(range(len(rows))), list[SkippedFile]()
        for part in self._parts.values():
            found = part.read([rows[place] for place in left])
            left = [left[place] for place in found.kept]
            skipped += found.skipped
        # Read again where another part has left rows out; files that were checked are known.
        whole = {name: part.read([rows[place] for place in left]) for name, part in self._parts.items()}
        cells = self._cells.select([rows[place] for place in left])
        return join_inputs(whole, cells, left, tuple(skipped), self._context)


def join_inputs(
    parts: Mapping[str, Inputs],
    cells: ColumnCells,
    kept: Sequence[int],
    skipped: tuple[SkippedFile, ...],
    context: ReadContext,
) -> Inputs:
    """Return the inputs of examples that have several, all of the same examples in the same order."""
    contents = _join(parts, cells, "contents")
    own = own_contents(parts)

    def make_source(catalogue: Catalogue) -> DataSource:
        sources = {}
        for name, part in parts.items():
            source = part.make_source(replace(catalogue, contents=own[name]))
            source.rules = context.rules
            sources[name] = source
        _share_identities(sources)
        return SeveralSource(catalogue, sources, cells)

    def find_notes(left_out: Sequence[SkippedFile], labels: Labels, splits: Mapping[str, np.ndarray]) -> Sequence[str]:
        alike: Any = _WithoutLabels(labels)
        said = name_notes({name: part.find_notes((), alike, splits) for name, part in parts.items()})
        equal = group_equal(contents)
        return (*said, *describe_equal(equal, labels, splits, "example", "examples", _CONTRADICTION))

    first = next(iter(parts.values()))
    return Inputs(
        contents=contents,
        hashes=_join(parts, cells, "hashes"),
        make_source=make_source,
        kept=kept,
        skipped=skipped,
        find_notes=find_notes,
        shared=tuple(row for part in parts.values() for row in part.shared),
        notes=tuple(name_notes({name: part.notes for name, part in parts.items()})),
        default_groups=first.default_groups,
    )


def own_contents(parts: Mapping[str, Inputs]) -> dict[str, Sequence[str]]:
    """Return by part and example what its stored rows are known by.

    Of several pictures of an example that is what all of them hold, since they are augmented alike: which view of a
    picture is stored depends on those beside it.
    """
    pictures = [name for name, part in parts.items() if part.sizes is not None]
    if len(pictures) < 2:
        return {name: part.contents for name, part in parts.items()}
    together = list(zip(*(parts[name].contents for name in pictures), strict=True))
    return {
        name: [content_identity(name, *each) for each in together] if name in pictures else part.contents
        for name, part in parts.items()
    }


def _share_identities(sources: Mapping[str, DataSource]) -> None:
    """Let several pictures of an example have the same address of random draws, so that all change alike."""
    pictures = [source for source in sources.values() if source.image_sizes is not None]
    for source in pictures[1:]:
        source.identities = pictures[0].identities


def _join(parts: Mapping[str, Inputs], cells: ColumnCells, what: str) -> list[str]:
    each = zip(*(getattr(part, what) for part in parts.values()), strict=True)
    return [content_identity(*own, *cells.content(row)) for row, own in enumerate(each)]


class _WithoutLabels:
    """Labels of which no two differ: whether equal inputs have different labels is asked of whole examples alone."""

    def __init__(self, labels: Labels) -> None:
        self._labels = labels
        self.texts = [""] * len(labels.numbers)

    def __getattr__(self, name: str) -> object:
        return getattr(self._labels, name)
