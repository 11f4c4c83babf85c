"""Whether given images have values of the range that a run takes: one table for files and arrays, of any source.

A run takes 8-bit pictures, or maps a range of values, `data.intensity`, to 0 to 255. What is given is known by its kind
(booleans, 8 bits, wider whole numbers, fractions) and by the values that occur. `judge` says which range is mapped, or
why none fits.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any

import numpy as np

from kerastune_ft.data.images.intensity import Intensity
from kerastune_ft.wording import percent

FULL = (0.0, 255.0)
"""The range of 8-bit pictures."""
BITS = (0.0, 1.0)
"""The range of booleans."""

_BLACK = "images are 0 to 255, so these would"
_UNITS = (BITS, (-1.0, 1.0))
# Four bits in a place of eight, or twelve in one of sixteen, fill a sixteenth; a fifteenth has room for rounding.
_DARK = 15
# Interpolation and noise lead a little beyond the ends.
_SLACK = 0.5


class Kind(Enum):
    """The kind of numbers that given images consist of."""

    BOOLS = "booleans"
    BYTES = "8-bit values"
    WHOLES = "whole numbers"
    FRACTIONS = "numbers"


@dataclass(frozen=True)
class Values:
    """The values of one image, or of several that belong together; transparency aside."""

    kind: Kind
    low: float
    high: float
    above: float = 0.0
    """The share of values above the range that the run takes."""

    def to_json(self) -> list[Any]:
        """Return them as JSON values."""
        return [self.kind.name, self.low, self.high, self.above]

    @classmethod
    def from_json(cls, document: Sequence[Any]) -> Values:
        """Return values from what `to_json` returned."""
        kind, low, high, above = document
        return cls(Kind[kind], low, high, above)

    def __str__(self) -> str:
        if self.kind is Kind.BOOLS:
            return "booleans"
        noun = "8-bit values" if self.kind is Kind.BYTES else "values"
        return f"{noun} from {self.low:g} to {self.high:g}"


@dataclass(frozen=True)
class Verdict:
    """The answer to whether values fit the range of a run."""

    mapped: Intensity = None
    """The range that becomes 0 to 255; None where the values are 0 to 255 as they are."""
    problem: str | None = None
    """Why the values cannot be those that the run takes."""
    remedy: str = "bring them to that range"
    is_of_kind: bool = False
    """Whether the problem is the kind of numbers, which is one whatever the other images of a set are."""
    doubt: str | None = None
    """Why they are hardly those, which one odd image among others may be and a whole set is not."""


def find_kind(dtype: np.dtype) -> Kind:
    """Return the kind of numbers of an array's type; raise KeyError where these are no numbers."""
    return Kind.BYTES if dtype == np.uint8 else _KINDS[dtype.kind]


def measure(values: np.ndarray, trained: Intensity) -> Values:
    """Return what occurs in an image or array of images without transparency; NaN and infinity do not count."""
    kind = find_kind(values.dtype)
    if kind is Kind.FRACTIONS and not np.isfinite(values).all():
        values = values[np.isfinite(values)]
    if not values.size:
        return Values(kind, 0.0, 0.0)
    found = Values(kind, float(values.min()), float(values.max()))
    end = (trained or FULL)[1]
    return found if found.high <= end else replace(found, above=float((values > end).mean()))


def join(found: list[Values]) -> Values:
    """Return what occurs in several images of one kind, each counting alike."""
    above = sum(each.above for each in found) / len(found)
    return Values(found[0].kind, min(each.low for each in found), max(each.high for each in found), above)


def without_alpha(values: np.ndarray) -> np.ndarray:
    """Return pixels [height, width(, channels)] without the last of 2 or 4 channels, which is transparency."""
    return values[..., :-1] if values.ndim == 3 and values.shape[-1] in (2, 4) else values


def explain_problem(given: Values, verdict: Verdict) -> str | None:
    """Return in words, after the name of an image, why its values are not taken; None where they are."""
    return None if verdict.problem is None else f"has {given}; {verdict.problem}: {verdict.remedy}"


def judge(given: Values, trained: Intensity) -> Verdict:
    """Return which range of the given values becomes 0 to 255 in a run that takes `trained`, or why none does."""
    return _JUDGES[given.kind](given, trained)


def _judge_bools(given: Values, trained: Intensity) -> Verdict:
    if trained is None or trained == FULL or trained in _UNITS:
        return Verdict(BITS)
    return _refuse_kind(trained, "give numbers of that range")


def _judge_bytes(given: Values, trained: Intensity) -> Verdict:
    if trained == BITS and given.high <= 1:
        return Verdict(trained)
    if trained is None or trained == FULL or trained in _UNITS:
        # A unit range comes of dividing 8-bit pictures, so these are what it was made of.
        mapped = None if trained in _UNITS else trained
        if given.high == 1:
            return Verdict(mapped, f"{_BLACK} all be black", "multiply them by 255 if 1 is to be white")
        return Verdict(mapped, doubt=_doubt(given, FULL))
    if trained[0] < -_SLACK or trained[1] > FULL[1]:
        return _refuse_kind(trained, "give images of that range, not 8-bit copies of them")
    return _judge_wide(given, trained)


def _judge_wholes(given: Values, trained: Intensity) -> Verdict:
    if trained is None:
        return _judge_full(given)
    if trained in _UNITS and given.high > 1:
        return _refuse_kind(trained, "divide them by the largest value there can be")
    return _judge_wide(given, trained)


def _judge_fractions(given: Values, trained: Intensity) -> Verdict:
    if trained is None:
        return _judge_full(given)
    low, high = trained
    slack = _SLACK * (high - low)
    if trained in _UNITS and (given.high > high + slack or given.low < low - slack):
        return _refuse_kind(trained, "bring them to that range")
    if 0 < given.high <= 1 and given.low >= -1 and high - low > _DARK:
        return _refuse_kind(trained, "give the values themselves, not divided by the largest")
    if trained == _UNITS[1] and given.low >= 0 and given.high > given.low:
        return Verdict(trained, doubt=f"{_name(trained)}, and none is below its middle")
    return _judge_wide(given, trained)


def _judge_full(given: Values) -> Verdict:
    """Return the verdict on numbers that should be 0 to 255 as they are."""
    if given.low < FULL[0] or given.high > FULL[1]:
        return Verdict(None, "images are 0 to 255", is_of_kind=True)
    if 0 < given.high <= 1:
        return Verdict(None, f"{_BLACK} all be black", "multiply them by 255")
    return Verdict(None, _doubt(given, FULL), "bring them to that range, or give them as uint8 if they are so dark")


def _judge_wide(given: Values, trained: tuple[float, float]) -> Verdict:
    """Return the verdict on numbers of a kind that the range may hold."""
    low, high = trained
    if given.high > given.low and (given.low >= high or given.high <= low):
        return Verdict(trained, f"{_name(trained)}, so all would be {'white' if given.low >= high else 'black'}")
    if given.above > 0.5 and given.high > high + (high - low):
        share = percent(given.above)
        return Verdict(trained, f"{_name(trained)}, so {share} of them would be white")
    return Verdict(trained, doubt=_doubt(given, trained))


def _refuse_kind(trained: Intensity, remedy: str) -> Verdict:
    return Verdict(trained, _name(trained), remedy, is_of_kind=True)


def _doubt(given: Values, trained: tuple[float, float]) -> str | None:
    """Return why values are too dark for a range, None where they are not; a black picture says nothing."""
    low, high = trained
    if not low < given.high <= low + (high - low) / _DARK:
        return None
    return f"{_BLACK} be nearly black" if trained == FULL else f"{_name(trained)}, so they would be nearly black"


def _name(trained: Intensity) -> str:
    if trained is None or trained == FULL:
        return "images are 0 to 255"
    return f"the run's data.intensity is {trained[0]:g} to {trained[1]:g}"


_KINDS: Mapping[str, Kind] = {"b": Kind.BOOLS, "u": Kind.WHOLES, "i": Kind.WHOLES, "f": Kind.FRACTIONS}
_JUDGES: Mapping[Kind, Callable[[Values, Intensity], Verdict]] = {
    Kind.BOOLS: _judge_bools,
    Kind.BYTES: _judge_bytes,
    Kind.WHOLES: _judge_wholes,
    Kind.FRACTIONS: _judge_fractions,
}
