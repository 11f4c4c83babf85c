from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from kerastune_ft.data.annotations import outlines
from kerastune_ft.data.annotations.outlines import UnusableOutlineError, check_outline, draw_outline

mask_utils = pytest.importorskip("pycocotools.mask")
SIZE = (40, 50)


def blob(seed: int) -> np.ndarray:
    y, x = np.mgrid[: SIZE[0], : SIZE[1]]
    random = np.random.default_rng(seed)
    found: np.ndarray = np.hypot(y - random.uniform(5, 35), x - random.uniform(5, 45)) < random.uniform(2, 20)
    return found & (random.random(SIZE) < 0.9)


@pytest.mark.parametrize("seed", range(6))
def test_runs_are_those_of_pycocotools(seed: int) -> None:
    expected = blob(seed)
    packed = mask_utils.encode(np.asfortranarray(expected.astype(np.uint8)))
    assert np.array_equal(draw_outline({"size": list(SIZE), "counts": packed["counts"].decode()}, SIZE), expected)
    flat = expected.T.reshape(-1)
    changes = np.flatnonzero(np.diff(np.concatenate([[0], flat.astype(int), [-1]])))
    lengths = np.diff(np.concatenate([[0], changes])).tolist()
    assert np.array_equal(draw_outline({"size": list(SIZE), "counts": lengths}, SIZE), expected)


@pytest.mark.parametrize("seed", range(4))
def test_polygons_differ_from_pycocotools_at_the_border_alone(seed: int) -> None:
    random = np.random.default_rng(seed)
    angles = np.sort(random.uniform(0, 2 * np.pi, 9))
    points = np.column_stack([25 + 24 * np.cos(angles), 20 + 19 * np.sin(angles)]) + random.uniform(-2, 2, (9, 2))
    other = [[3.0, 3.0, 9.0, 3.0, 9.0, 8.0, 3.0, 8.0], points.reshape(-1).tolist()]
    drawn = draw_outline(other, SIZE)
    expected = mask_utils.decode(mask_utils.merge(mask_utils.frPyObjects(other, *SIZE))).astype(bool)
    inner = expected.copy()
    for axis in (0, 1):
        for step in (-1, 1):
            inner &= np.roll(expected, step, axis)
    around = expected.copy()
    for axis in (0, 1):
        for step in (-1, 1):
            around |= np.roll(expected, step, axis)
    assert not (inner & ~drawn).any()
    assert not (drawn & ~around).any()


def test_a_polygon_has_the_pixels_whose_centre_it_holds() -> None:
    drawn = draw_outline([[1, 2, 4, 2, 4, 6, 1, 6]], (8, 8))
    assert np.argwhere(drawn).tolist() == [[y, x] for y in range(2, 6) for x in range(1, 4)]
    assert not draw_outline([[-9, -9, -5, -9, -5, -5]], (8, 8)).any()
    assert draw_outline([[-9, -9, 99, -9, 99, 99, -9, 99]], (8, 8)).all()


@pytest.mark.parametrize(
    ("outline", "why"),
    [
        (None, "neither polygons nor runs"),
        ([], "neither polygons nor runs"),
        ([[1, 2, 3, 4]], "fewer than three points"),
        ([[1, 2, 3, 4, 5]], "fewer than three points"),
        ([["a", 2, 3, 4, 5, 6]], "no numbers"),
        ({"counts": [3, 4], "size": [8, 8]}, "runs of 7 pixels, and its picture 64"),
        ({"counts": [64], "size": [4, 16]}, "a picture of 16 x 4 pixels"),
        ({"counts": "o", "size": [8, 8]}, "end in the middle"),
        ({"counts": ["a"], "size": [8, 8]}, "no numbers"),
        ({"counts": None, "size": [8, 8]}, "no numbers"),
        ({"counts": [64], "size": 8}, "no numbers"),
    ],
)
def test_what_cannot_be_drawn_says_why(outline: Any, why: str) -> None:
    for use in (draw_outline, check_outline):
        with pytest.raises(UnusableOutlineError, match=why):
            use(outline, (8, 8))


def test_to_check_outlines_draws_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """They are checked whenever data are opened, and drawn once."""
    monkeypatch.delattr(outlines, "_fill")
    check_outline([[1, 2, 4, 2, 4, 6, 1, 6]], (8, 8))
    check_outline({"counts": [3, 61], "size": [8, 8]}, (8, 8))
