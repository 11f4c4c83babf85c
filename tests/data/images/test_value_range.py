"""Trained range by kind and values of what is given: taken as it is, converted, or refused; reckoned by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from kerastune_ft.data.images.value_range import (
    Kind,
    Values,
    Verdict,
    explain_problem,
    find_kind,
    join,
    judge,
    measure,
    without_alpha,
)

EIGHT, FULL, UNIT, SIGNED, TWELVE, SIXTEEN = None, (0, 255), (0, 1), (-1, 1), (0, 4095), (0, 65535)
HOUNSFIELD, WINDOW, STRETCH = (-1000, 3000), (0, 80), (10, 60)
AS_IT_IS, AS_BOOLS = "0 to 255 as it is", "false and true"
REFUSED, DOUBTED = "refused", "doubted"

# Trained range, type, lowest and highest value given, and what becomes of it: mapped by the trained range where it is
# that range, otherwise one of the words above.
TABLE: list[tuple[Any, str, float, float, Any]] = [
    # A run on 8-bit pictures.
    (EIGHT, "bool", 0, 1, AS_BOOLS),
    (EIGHT, "uint8", 0, 255, AS_IT_IS),
    (EIGHT, "uint8", 0, 0, AS_IT_IS),
    (EIGHT, "uint8", 0, 1, REFUSED),
    (EIGHT, "uint8", 0, 16, DOUBTED),
    (EIGHT, "uint8", 0, 17, DOUBTED),
    (EIGHT, "uint8", 0, 18, AS_IT_IS),
    (EIGHT, "int64", 0, 255, AS_IT_IS),
    (EIGHT, "uint16", 0, 65535, REFUSED),
    (EIGHT, "int16", -9, 255, REFUSED),
    (EIGHT, "int32", 0, 1, REFUSED),
    (EIGHT, "int32", 0, 16, REFUSED),
    (EIGHT, "float32", 0, 255, AS_IT_IS),
    (EIGHT, "float32", 0, 1, REFUSED),
    (EIGHT, "float64", -1, 1, REFUSED),
    (EIGHT, "float32", 0, 16, REFUSED),
    (EIGHT, "float32", 0, 256, REFUSED),
    # The same range in so many words; a range that was written is not doubted in its own data, see test_set_range.
    (FULL, "uint8", 0, 255, FULL),
    (FULL, "uint16", 0, 255, FULL),
    (FULL, "float32", 0, 1, REFUSED),
    (FULL, "uint16", 0, 16, DOUBTED),
    # A run on fractions of 1.
    (UNIT, "bool", 0, 1, AS_BOOLS),
    (UNIT, "uint8", 0, 255, AS_IT_IS),
    (UNIT, "uint8", 0, 1, UNIT),
    (UNIT, "uint8", 0, 9, DOUBTED),
    (UNIT, "uint16", 0, 65535, REFUSED),
    (UNIT, "uint16", 0, 255, REFUSED),
    (UNIT, "int32", 0, 1, UNIT),
    (UNIT, "float32", 0, 1, UNIT),
    (UNIT, "float32", -0.1, 1.2, UNIT),
    (UNIT, "float32", 0, 255, REFUSED),
    (UNIT, "float32", 0, 16, REFUSED),
    (UNIT, "float32", -1, 1, REFUSED),
    (UNIT, "float32", 0, 0.05, DOUBTED),
    # A run on -1 to 1.
    (SIGNED, "bool", 0, 1, AS_BOOLS),
    (SIGNED, "uint8", 0, 255, AS_IT_IS),
    (SIGNED, "uint8", 0, 1, REFUSED),
    (SIGNED, "uint16", 0, 4095, REFUSED),
    (SIGNED, "float32", -1, 1, SIGNED),
    (SIGNED, "float32", 0, 1, DOUBTED),
    (SIGNED, "float32", 0, 255, REFUSED),
    # A run on 12 bits.
    (TWELVE, "bool", 0, 1, REFUSED),
    (TWELVE, "uint8", 0, 255, REFUSED),
    (TWELVE, "uint8", 0, 0, REFUSED),
    (TWELVE, "uint16", 0, 4095, TWELVE),
    (TWELVE, "int32", 0, 5000, TWELVE),
    (TWELVE, "uint16", 0, 255, DOUBTED),
    (TWELVE, "uint16", 0, 273, DOUBTED),
    (TWELVE, "uint16", 0, 274, TWELVE),
    (TWELVE, "uint16", 0, 0, TWELVE),
    (TWELVE, "uint16", 5000, 9000, REFUSED),
    (TWELVE, "float32", 0, 4095, TWELVE),
    (TWELVE, "float32", 0, 1, REFUSED),
    (TWELVE, "float32", -1, 1, REFUSED),
    # 16 bits, of which twelve are filled.
    (SIXTEEN, "uint16", 0, 4095, DOUBTED),
    (SIXTEEN, "uint16", 0, 65535, SIXTEEN),
    (SIXTEEN, "uint8", 0, 255, REFUSED),
    # Radiology: values beyond a window are cut off, which is what it is for.
    (HOUNSFIELD, "int16", -1024, 3071, HOUNSFIELD),
    (HOUNSFIELD, "uint8", 0, 255, REFUSED),
    (WINDOW, "int16", -1024, 3071, WINDOW),
    (WINDOW, "int16", -1024, -900, REFUSED),
    (WINDOW, "int16", -1024, -1024, WINDOW),
    # The contrast of 8-bit pictures.
    (STRETCH, "uint8", 0, 95, STRETCH),
    (STRETCH, "uint8", 60, 255, REFUSED),
]


@pytest.mark.parametrize(("trained", "dtype", "low", "high", "expected"), TABLE)
def test_the_table(trained: Any, dtype: str, low: float, high: float, expected: Any) -> None:
    given = measure(np.array([[low, high]], dtype), trained)
    verdict = judge(given, trained)
    if expected == REFUSED:
        assert verdict.problem
        assert explain_problem(given, verdict) == f"has {given}; {verdict.problem}: {verdict.remedy}"
        return
    assert verdict.problem is None
    assert explain_problem(given, verdict) is None
    assert bool(verdict.doubt) == (expected == DOUBTED)
    if expected != DOUBTED:
        mapped = {AS_IT_IS: None, AS_BOOLS: (0, 1)}.get(expected, expected) if isinstance(expected, str) else expected
        assert verdict.mapped == mapped


def test_most_of_a_picture_beyond_a_range_that_it_exceeds_twice_is_refused() -> None:
    bright = np.r_[np.zeros(40), np.full(60, 60000)].astype(np.uint16)
    given = measure(bright, (0.0, 4095.0))
    assert given.above == 0.6
    assert "so 60 % of them would be white" in str(judge(given, (0.0, 4095.0)).problem)
    # White paper in a scan is beyond, and not by so much; bone in a window is, and is not most.
    assert judge(measure(bright, (0.0, 55000.0)), (0.0, 55000.0)).problem is None
    assert judge(measure(bright[:70], (0.0, 4095.0)), (0.0, 4095.0)).problem is None


def test_what_occurs_is_measured_without_alpha_and_without_nan() -> None:
    values = np.array([[[5, 200], [7, 255]]], np.uint8)
    assert measure(without_alpha(values), None) == Values(Kind.BYTES, 5, 7)
    assert without_alpha(values[..., 0]).shape == (1, 2)
    found = measure(np.array([np.nan, 2, 5, np.inf], np.float32), (0.0, 4.0))
    assert found == Values(Kind.FRACTIONS, 2, 5, 0.5)
    assert measure(np.array([np.nan]), None) == Values(Kind.FRACTIONS, 0, 0)
    assert join([found, Values(Kind.FRACTIONS, 0, 4, 0.0)]) == Values(Kind.FRACTIONS, 0, 5, 0.25)
    assert Values.from_json(found.to_json()) == found


def test_a_kind_follows_from_the_type_and_a_sentence_says_it() -> None:
    kinds = {
        "bool": Kind.BOOLS,
        "uint8": Kind.BYTES,
        "int8": Kind.WHOLES,
        "uint16": Kind.WHOLES,
        "float16": Kind.FRACTIONS,
    }
    for dtype, kind in kinds.items():
        assert find_kind(np.dtype(dtype)) is kind
    with pytest.raises(KeyError):
        find_kind(np.dtype(complex))
    given = Values(Kind.BYTES, 0, 255)
    assert explain_problem(given, judge(given, (0.0, 4095.0))) == (
        "has 8-bit values from 0 to 255; the run's data.intensity is 0 to 4095: give images of that range, not 8-bit "
        "copies of them"
    )
    assert explain_problem(given, Verdict()) is None
