"""The edges of boxes: whether they fit their pictures, and what becomes of those that do not.

Rules: exchanged edges are put in order, boxes that reach beyond their picture are clipped to it, and boxes without
width or height, wholly outside, or written twice are left out. Each is counted and said. Where more than a tenth of all
boxes are exchanged or outside, their columns, their unit or their pictures are wrong, and the data is refused.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from kerastune_ft.data.labels.raw import BoxLists
from kerastune_ft.errors import DataError
from kerastune_ft.wording import counted, first_names, lines

Sizes = Sequence[tuple[int, int] | None]
_SHOWN = 3
_MANY, _FEW = 0.1, 3
# Formats that write fractions with six digits miss the border by so many pixels at most.
_ROUNDING = 0.05
# Whole pixels that became such fractions are whole again within so many pixels.
_WHOLE = 0.01


@dataclass(frozen=True)
class Sides:
    """The boxes of all pictures that count or are to be ignored, in order, with their pictures."""

    edges: np.ndarray
    """float64 [boxes, 4]: left, upper, right, lower, in pixels of the picture."""
    pictures: np.ndarray
    """int64 [boxes]: the picture of each, in order."""
    kept: np.ndarray
    """int64 [boxes]: the position of each among all boxes that are written."""
    notes: tuple[str, ...]


def fit_sides(raw: BoxLists, classes: np.ndarray, keys: Sequence[str], sizes: Sizes | None) -> Sides:
    """Return the boxes as they lie in their pictures; raise DataError where annotation and pictures do not fit.

    `classes` are those of all boxes in order. Nothing is known of pictures whose size is None.
    """
    edges, pictures = _gather(raw)
    if sizes is not None:
        check_sizes(raw, keys, sizes)
    ends = _find_ends(sizes, pictures)
    if raw.are_fractions:
        edges = np.where(np.isfinite(ends), edges * ends, edges)
        # Losses match places by edges: a thousandth of a pixel would decide, and formats differ in them.
        edges = np.where(np.abs(edges - np.round(edges)) < _WHOLE, np.round(edges), edges)
    if not np.isfinite(edges).all():
        wrong = [keys[picture] for picture in np.unique(pictures[~np.isfinite(edges).all(axis=1)])]
        raise DataError(f"data: boxes with edges that are no numbers, of {first_names(wrong, _SHOWN)}.")
    notes: list[str] = []

    def note(which: np.ndarray, one: str, several: str) -> None:
        if count := int(which.sum()):
            named = [keys[picture] for picture in dict.fromkeys(pictures[which].tolist())]
            said = one if count == 1 else several
            notes.append(f"boxes: {count:,} {'box' if count == 1 else 'boxes'} {said} ({first_names(named, _SHOWN)})")

    swapped = np.any(edges[:, :2] > edges[:, 2:], axis=1)
    _refuse_many(swapped, pictures, keys, "has its right edge left of its left one, or its lower above its upper one")
    note(
        swapped, "has its edges exchanged, which are put in order", "have their edges exchanged; they are put in order"
    )
    edges = np.hstack([np.minimum(edges[:, :2], edges[:, 2:]), np.maximum(edges[:, :2], edges[:, 2:])])
    flat = np.any(edges[:, :2] == edges[:, 2:], axis=1)
    note(flat, "has no width or no height and is left out", "have no width or no height and are left out")
    beside = (edges[:, 2:] <= 0) | (edges[:, :2] >= ends[:, :2])
    outside = np.any(beside, axis=1) & ~flat
    _refuse_many(outside, pictures, keys, "lies outside its picture")
    note(outside, "lies outside its picture and is left out", "lie outside their pictures and are left out")
    beyond = np.maximum(-edges[:, :2], edges[:, 2:] - ends[:, 2:]).max(axis=1, initial=-np.inf)
    note(
        (beyond > _ROUNDING) & ~outside & ~flat,
        "reaches beyond its picture and is clipped to it",
        "reach beyond their pictures and are clipped to them",
    )
    edges = np.clip(edges, 0, ends)
    twice = _find_repeated(np.column_stack([pictures, classes, edges])) & ~flat & ~outside
    note(twice, "is there twice and counts once", "are there before with the same class and edges, and count once")
    kept = np.flatnonzero(~(flat | outside | twice))
    return Sides(edges[kept], pictures[kept], kept, tuple(notes))


def check_sizes(raw: BoxLists, keys: Sequence[str], sizes: Sizes) -> None:
    """Raise DataError where a picture has other sides than its annotation says."""
    wrong, exchanged = [], 0
    for key, one, size in zip(keys, raw.lists, sizes, strict=True):
        if one.size is not None and size is not None and tuple(one.size) != tuple(size):
            exchanged += tuple(one.size) == tuple(size)[::-1]
            wrong.append((key, f"is {size[1]} x {size[0]}, and {one.place} says {one.size[1]} x {one.size[0]}"))
    if not wrong:
        return
    remedy = "The boxes belong to pictures of other sizes: give the pictures that were annotated."
    if exchanged == len(wrong):
        remedy = (
            "Their sides are exchanged, as those of photos are that EXIF turns. If the boxes were drawn on the photos "
            'as they are stored, write  "exif": "ignore"  in data; if on the turned ones,  "exif": "apply".'
        )
    raise DataError(
        f"data: {len(wrong)} of {counted(len(keys), 'image')} {'has' if len(wrong) == 1 else 'have'} other sides than "
        f"the annotation says:\n{lines(wrong)}\n{remedy}"
    )


def _gather(raw: BoxLists) -> tuple[np.ndarray, np.ndarray]:
    counts = [len(one.classes) for one in raw.lists]
    edges = np.concatenate([np.zeros((0, 4)), *(one.sides for one in raw.lists)])
    return edges, np.repeat(np.arange(len(counts), dtype=np.int64), counts)


def _find_ends(sizes: Sizes | None, pictures: np.ndarray) -> np.ndarray:
    """Return for every box the width and height of its picture, twice; infinite where they are not known."""
    if sizes is None:
        return np.full((len(pictures), 4), np.inf)
    known = [(np.inf, np.inf) if size is None else (size[1], size[0]) for size in sizes]
    return np.tile(np.array(known, np.float64).reshape(-1, 2)[pictures], 2)


def _refuse_many(which: np.ndarray, pictures: np.ndarray, keys: Sequence[str], what: str) -> None:
    """Raise DataError where so many boxes are wrong in one way that something else must be."""
    count = int(which.sum())
    if count <= max(_FEW, _MANY * len(which)):
        return
    named = [keys[picture] for picture in dict.fromkeys(pictures[which].tolist())]
    raise DataError(
        f"data: of {count:,} of {len(which):,} boxes each {what}: {first_names(named, _SHOWN)}.\n"
        "That many are no slips. Boxes are read as left, upper, right and lower edge in pixels of the picture: see "
        "that the columns are named in this order, that they hold edges and no width and height, and that the pictures "
        "are those that were annotated."
    )


def _find_repeated(rows: np.ndarray) -> np.ndarray:
    """Return which rows are equal to one before."""
    found = np.ones(len(rows), bool)
    if len(rows):
        found[np.unique(rows, axis=0, return_index=True)[1]] = False
    return found
