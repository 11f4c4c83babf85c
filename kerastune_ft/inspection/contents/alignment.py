"""Whether one picture is a copy of another: cropped, resized, turned, mirrored, brightened or encoded anew.

Both pictures are 64 x 64 grey values. The place, size and orientation in which one lies in the other are found by
normalised cross-correlation at 16 pixels, and refined to an affine map with gain and offset by the inverse
compositional algorithm (Baker and Matthews, "Lucas-Kanade 20 Years On", IJCV 2004). What counts then is the correlation
of their details, without slow changes of brightness, which pictures of one kind have in common.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

import numpy as np
from scipy import ndimage

SIDE = 64
"""Pixels of a side of the pictures that are compared."""
_COARSE, _MIDDLE = 16, 32
_SCALES = (1.0, 0.875, 0.75)
_PLACES_TRIED = 2
# A correlation of whole pictures below it is that of no copy, and one of details below it needs no refinement.
_LEAST_COARSE, _LEAST_MIDDLE = 0.6, 0.35
_CERTAIN = 0.9
_STEPS, _STILL, _LEAST_OVERLAP = 6, 4e-3, 0.5
_RIDGE, _LEAST_GAIN = 1e-3, 0.2
_FINE, _SLOW = 0.7, 3.0
"""Deviations, in pixels, of the Gaussians between which details lie."""


class Place(NamedTuple):
    """A place of one picture in another: as `turned`, at `scale`, with its corner at (`top`, `left`) of 64 pixels."""

    correlation: float
    turned: int
    scale: float
    top: float
    left: float
    is_second_larger: bool


def correlate(first: np.ndarray, second: np.ndarray) -> float:
    """Return the correlation of the details of two pictures, float [64, 64], where one best fits the other: up to 1."""
    best = 0.0
    for place in _find_places(first, second):
        if place.correlation < _LEAST_COARSE:
            break
        large, small = (second, first) if place.is_second_larger else (first, second)
        found = _fit(large, np.ascontiguousarray(_turn(small, place.turned)), place)
        best = max(best, found)
        if best > _CERTAIN:
            break
    return best


def shrink(picture: np.ndarray, side: int) -> np.ndarray:
    """Return a square picture at a size that its own is a multiple of, by means of blocks."""
    factor = len(picture) // side
    means: np.ndarray = picture.reshape(side, factor, side, factor).mean(axis=(1, 3))
    return means


def list_turns(picture: np.ndarray) -> np.ndarray:
    """Return a picture in its eight orientations, [8, side, side]: turned by quarters, then mirrored and turned."""
    return np.stack([_turn(picture, number) for number in range(8)])


def _turn(picture: np.ndarray, number: int) -> np.ndarray:
    return np.rot90(picture if number < 4 else picture[:, ::-1], number % 4)


def _find_places(first: np.ndarray, second: np.ndarray) -> list[Place]:
    """Return the likeliest places of one picture in the other, the best first."""
    small_first, small_second = shrink(first, _COARSE), shrink(second, _COARSE)
    found = [
        *_search(small_first, small_second, _SCALES, False),
        # At the same size it is the same search.
        *_search(small_second, small_first, _SCALES[1:], True),
    ]
    return sorted(found, key=lambda place: -place.correlation)[:_PLACES_TRIED]


def _search(large: np.ndarray, small: np.ndarray, scales: tuple[float, ...], is_second: bool) -> Iterator[Place]:
    """Yield for each scale and orientation the best place of the small picture in the large one."""
    sums, squares = np.fft.rfft2(large), np.fft.rfft2(large * large)
    for scale in scales:
        side, weights, window = _prepare_scale(scale)
        template = weights @ small @ weights.T
        template = template - template.mean()
        length = np.sqrt((template * template).sum()) + 1e-6
        turned = np.zeros((8, _COARSE, _COARSE))
        turned[:, :side, :side] = list_turns(template)
        places = _COARSE + 1 - side

        def at_places(product: np.ndarray, places: int = places) -> np.ndarray:
            return np.fft.irfft2(product, (_COARSE, _COARSE))[..., :places, :places]

        mean, square = at_places(sums * window), at_places(squares * window)
        deviations = np.sqrt(np.maximum(square - mean * mean / (side * side), 1.0))
        correlations = at_places(sums * np.conj(np.fft.rfft2(turned))) / (deviations * length)
        for number, each in enumerate(correlations):
            top, left = divmod(int(each.argmax()), places)
            step = SIDE / _COARSE
            yield Place(float(each[top, left]), number, side / _COARSE, top * step, left * step, is_second)


@cache
def _prepare_scale(scale: float) -> tuple[int, np.ndarray, np.ndarray]:
    """Return the side of a template at a scale, the weights that resize to it, and the transform of its window."""
    side = round(_COARSE * scale)
    centres = np.clip((np.arange(side) + 0.5) * _COARSE / side - 0.5, 0, _COARSE - 1)
    below = np.minimum(centres.astype(int), _COARSE - 2)
    weights = np.zeros((side, _COARSE))
    weights[np.arange(side), below] = 1 - (centres - below)
    weights[np.arange(side), below + 1] = centres - below
    window = np.zeros((_COARSE, _COARSE))
    window[:side, :side] = 1
    return side, weights, np.conj(np.fft.rfft2(window))


def _fit(large: np.ndarray, small: np.ndarray, place: Place) -> float:
    """Return the correlation of details after the place was refined, at half the size first."""
    half = SIDE // _MIDDLE
    half_large, half_small = shrink(large, _MIDDLE), shrink(small, _MIDDLE)
    shift = (SIDE * place.scale - 1) / 2 - (SIDE - 1) / 2
    start = np.array([[place.scale, 0, place.top + shift], [0, place.scale, place.left + shift]])
    start[:, 2] /= half
    refined = _refine(half_large, half_small, start, 1.0)
    if refined is None:
        return 0.0
    found = _compare_details(half_large, half_small, refined)
    if found < _LEAST_MIDDLE:
        return found
    refined[:, 2] *= half
    refined = _refine(large, small, refined, 1.0)
    return 0.0 if refined is None else _compare_details(large, small, refined)


@cache
def _list_positions(side: int) -> tuple[np.ndarray, np.ndarray]:
    centred = np.arange(side, dtype=np.float64) - (side - 1) / 2
    rows, columns = np.meshgrid(centred, centred, indexing="ij")
    return rows, columns


def _warp(picture: np.ndarray, affine: np.ndarray) -> np.ndarray:
    """Return the picture at the places that an affine map [2, 3] gives of centred positions; NaN beyond its edges."""
    rows, columns = _list_positions(len(picture))
    middle = (len(picture) - 1) / 2
    places = [each[0] * rows + each[1] * columns + each[2] + middle for each in affine]
    warped: np.ndarray = ndimage.map_coordinates(picture, places, order=1, mode="constant", cval=np.nan)
    return warped


def _refine(large: np.ndarray, small: np.ndarray, affine: np.ndarray, smoothing: float) -> np.ndarray | None:
    """Return the affine map by which the large picture is most like the small one; None where there is none near."""
    source, template = (ndimage.gaussian_filter(each, smoothing) for each in (large, small))
    rows, columns = _list_positions(len(small))
    down, right = np.gradient(template)
    slopes = np.stack(
        [down * rows, down * columns, down, right * rows, right * columns, right, template, np.ones_like(template)], -1
    ).reshape(-1, 8)
    for _ in range(_STEPS):
        seen = _warp(source, affine).ravel()
        inside = ~np.isnan(seen)
        if inside.mean() < _LEAST_OVERLAP:
            return None
        known = slopes if inside.all() else slopes[inside]
        solved = np.linalg.solve(known.T @ known + _RIDGE * np.eye(8), known.T @ seen[inside])
        gain = solved[6]
        if gain < _LEAST_GAIN:
            return None
        change = solved[:6] / gain
        inner = np.vstack([change.reshape(2, 3) + np.eye(2, 3), [0.0, 0.0, 1.0]])
        if not 0.5 < np.linalg.det(inner) < 2:
            return None
        affine = affine @ np.linalg.inv(inner)
        if np.abs(change).max() < _STILL * 10 and np.abs(change[[0, 1, 3, 4]]).max() < _STILL:
            break
    return affine


def _compare_details(large: np.ndarray, small: np.ndarray, affine: np.ndarray) -> float:
    seen, wanted = _warp(_find_details(large), affine), _find_details(small)
    inside = ~np.isnan(seen)
    if inside.mean() < _LEAST_OVERLAP:
        return 0.0
    one, other = seen[inside] - seen[inside].mean(), wanted[inside] - wanted[inside].mean()
    lengths = np.linalg.norm(one) * np.linalg.norm(other)
    return float((one * other).sum() / lengths) if lengths > 1e-3 * one.size else 0.0


def _find_details(picture: np.ndarray) -> np.ndarray:
    details: np.ndarray = ndimage.gaussian_filter(picture, _FINE) - ndimage.gaussian_filter(picture, _SLOW)
    return details
