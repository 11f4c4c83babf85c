"""Whether a whole set of images, files or an array, has values of the range that the run takes."""

from __future__ import annotations

from collections.abc import Sequence

from kerastune_ft.data.images.intensity import Intensity
from kerastune_ft.data.images.value_range import BITS, Kind, Values, Verdict, join, judge
from kerastune_ft.errors import DataError
from kerastune_ft.wording import counted


def check_images(found: Sequence[Values], trained: Intensity, is_own: bool) -> tuple[str, ...]:
    """Return what the user should read about the values of images; raise DataError where they do not fit the run.

    `found` are those of each image; `is_own` tells the run's own data from images that it is evaluated on.
    """
    notes: list[str] = []
    for kind in Kind:
        alike = [values for values in found if values.kind is kind]
        if alike:
            some = f"{len(alike):,} of {counted(len(found), 'image')}" if len(alike) < len(found) else "the images"
            notes += check_set(join(alike), trained, is_own, f"{some} have")
    return tuple(notes)


def check_set(
    given: Values, trained: Intensity, is_own: bool, subject: str, key: str = "data.intensity"
) -> tuple[str, ...]:
    """Return what the user should read about the values of a set; raise DataError where they do not fit the run.

    `subject` is the set, as `the images have`; `key` says where the user named it.
    """
    verdict = judge(given, trained)
    why = verdict.problem or verdict.doubt
    # A range that the user wrote may be made for images still to come.
    if verdict.problem or (verdict.doubt and not (is_own and trained)):
        remedy = f".\n{_suggest(given, verdict, trained)}" if is_own else f": {verdict.remedy}."
        raise DataError(f"{key}: {subject} {given}; {why}{remedy}")
    if verdict.doubt:
        return (f"{subject} {given}; {verdict.doubt}",)
    if given.kind is Kind.BYTES and trained is not None and verdict.mapped is None:
        low, high = trained
        return (f"{subject} {given}, taken as they are: data.intensity {low:g} to {high:g} is of other numbers",)
    return ()


def _suggest(given: Values, verdict: Verdict, trained: Intensity) -> str:
    """Return the line to write into a configuration for a set of these values."""
    if given.kind is Kind.BYTES and trained is not None:
        return 'Remove "intensity" from data, or write the range that these values have.'
    low, high = min(given.low, 0.0) if verdict.doubt else given.low, given.high
    if given.low >= -1 and given.high <= 1:
        low, high = (-1.0, 1.0) if given.low < 0 else BITS
    line = f'Say which range becomes 0 to 255: write  "intensity": [{low:g}, {high:g}]  in data'
    is_dark = trained is None and given.low >= 0 and given.high <= 255
    return f'{line}, or  "intensity": [0, 255]  if they are that dark.' if is_dark else f"{line}."
