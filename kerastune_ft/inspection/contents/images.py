"""Pictures: hashes of their decoded pixels, copies by alignment, and pictures that show nothing."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import numpy as np
import tensorflow as tf
from PIL import Image

from kerastune_ft.input.decode import read_pixels
from kerastune_ft.inspection.contents import alignment
from kerastune_ft.inspection.contents.base import (
    CONSTANT,
    ODD,
    SMALL,
    Contents,
    Copies,
    Fault,
    Progress,
    Span,
    choose_candidates,
    choose_thresholds,
    keep_copies,
)
from kerastune_ft.inspection.neighbours import Neighbours, find_neighbours
from kerastune_ft.training.session.session import Session

# Neighbours by features that are looked at closely, besides the one by small pictures in eight orientations.
_BY_FEATURES = 3
_SPAN, _CONTROLS = Span(0.75, 0.92), 160
_SMALL_SIDE, _LEAST_PIXELS = 16, 0.75
_BLOCK, _BLOCK_BYTES = 512, 1 << 24
# The widest range of values that is no picture; a share of the median size, and of the proportions, that is odd.
_FLAT, _TINY, _NARROW = 3, 0.25, 3.0
_AHEAD = 8


class Pictures(Contents):
    """Pictures, of each of which 64 x 64 grey values are kept."""

    measure = "correlation of details after alignment"
    seconds_to_read, seconds_to_compare, bytes_kept = 0.004, 0.01, alignment.SIDE**2
    seconds_of_pair = 8e-8

    def __init__(self, hashes: list[str], grey: np.ndarray, sizes: np.ndarray, ranges: np.ndarray) -> None:
        """`grey` is uint8 [examples, 64, 64], `sizes` height and width, `ranges` the lowest and highest value."""
        self.hashes, self._grey = hashes, grey
        self.faults = [*_find_flat(ranges), *_find_odd_sizes(sizes)]
        self._is_flat = ranges[:, 1] - ranges[:, 0] <= _FLAT

    @classmethod
    def read(cls, session: Session, indices: np.ndarray, progress: Progress) -> Pictures:
        """Return the pictures of a session, see `Contents`."""
        hashes: list[str] = []
        grey = np.empty((len(indices), alignment.SIDE, alignment.SIDE), np.uint8)
        sizes, ranges = np.empty((len(indices), 2), np.int64), np.empty((len(indices), 2), np.int64)
        for position, pixels in enumerate(_decode(session, indices)):
            digest = hashlib.sha256(repr(pixels.shape).encode())
            digest.update(np.ascontiguousarray(pixels).tobytes())
            hashes.append(digest.hexdigest())
            sizes[position], ranges[position] = pixels.shape[:2], (pixels.min(), pixels.max())
            grey[position] = make_grey(pixels)
            progress(position + 1, len(indices))
        return cls(hashes, grey, sizes, ranges)

    def find_copies(self, neighbours: Neighbours | None, strata: np.ndarray, progress: Progress) -> Copies:
        """Return the near copies: candidates by features and by small pictures, decided by alignment."""
        pixels = find_turned_neighbours(self._grey)
        candidates = {(min(pair), max(pair)) for pair in pixels}
        if neighbours is not None:
            candidates |= choose_candidates(neighbours, strata, _BY_FEATURES)
        known = neighbours or find_neighbours(self._grey.reshape(len(self._grey), -1), 8)
        ordered = sorted(pair for pair in candidates if not self._is_flat[list(pair)].any())
        likeness = []
        for done, pair in enumerate(ordered, start=1):
            likeness.append(self._compare(pair))
            progress(done, len(ordered))
        return keep_copies(ordered, likeness, choose_thresholds(known, strata, self._compare, _CONTROLS, _SPAN))

    def _compare(self, pair: tuple[int, int]) -> float:
        return alignment.correlate(*(self._grey[position].astype(np.float64) for position in pair))


def make_grey(pixels: np.ndarray) -> np.ndarray:
    """Return the grey values of a picture, uint8 [height, width, 3], stretched to 64 x 64."""
    image = Image.fromarray(pixels).convert("L")
    return np.asarray(image.resize((alignment.SIDE, alignment.SIDE), Image.Resampling.BOX))


def find_turned_neighbours(grey: np.ndarray) -> list[tuple[int, int]]:
    """Return for each picture the one most like it at 16 x 16 pixels in any orientation, as pairs of positions."""
    small = np.stack([alignment.shrink(each.astype(np.float32), _SMALL_SIDE) for each in grey])
    upright = _normalise(small)
    pairs = []
    step = max(1, min(_BLOCK, _BLOCK_BYTES // (4 * len(small))))
    for start in range(0, len(small) if len(small) > 1 else 0, step):
        # The orientations are those of one picture: turning the other one instead gives the same eight.
        turned = np.stack([alignment.list_turns(each) for each in small[start : start + step]], axis=1)
        best = _normalise(turned[0]) @ upright.T
        for each in turned[1:]:
            np.maximum(best, _normalise(each) @ upright.T, out=best)
        rows = np.arange(len(best))
        best[rows, rows + start] = -1
        nearest = best.argmax(axis=1)
        found = np.flatnonzero(best[rows, nearest] >= _LEAST_PIXELS)
        pairs += [(start + int(row), int(nearest[row])) for row in found]
    return pairs


def _normalise(pictures: np.ndarray) -> np.ndarray:
    """Return pictures as rows of mean 0 and length 1; those of one colour as 0."""
    rows = pictures.reshape(len(pictures), -1)
    rows = rows - rows.mean(axis=1, keepdims=True)
    normalised: np.ndarray = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-6)
    return normalised


def _decode(session: Session, indices: np.ndarray) -> Iterator[np.ndarray]:
    """Yield the pixels of every picture in its own size, uint8 [height, width, 3]."""
    source = session.source
    pictures = tf.data.Dataset.from_tensor_slices(np.asarray(indices, np.int64)).map(
        lambda index: tf.saturate_cast(read_pixels(source, source.read_input(index)), tf.uint8),
        num_parallel_calls=_AHEAD,
        deterministic=True,
    )
    yield from pictures.prefetch(_AHEAD).as_numpy_iterator()


def _find_flat(ranges: np.ndarray) -> list[Fault]:
    return [
        Fault(int(position), CONSTANT, f"all its values lie between {low} and {high} of 255")
        for position, (low, high) in enumerate(ranges.tolist())
        if high - low <= _FLAT
    ]


def _find_odd_sizes(sizes: np.ndarray) -> list[Fault]:
    shorter = sizes.min(axis=1)
    usual = float(np.median(shorter))
    ratios = np.log(sizes[:, 1] / sizes[:, 0])
    middle = float(np.median(ratios))
    found = []
    for position, (height, width) in enumerate(sizes.tolist()):
        if shorter[position] < _TINY * usual:
            words = f"{width} x {height}, where most have a shorter side of {usual:.0f} or so"
            found.append(Fault(position, SMALL, words))
        elif abs(ratios[position] - middle) > np.log(_NARROW):
            usual_ratio = f"{np.exp(middle):.2g}"
            words = f"{width} x {height}, {width / height:.2g} times as wide as high, where {usual_ratio} is usual"
            found.append(Fault(position, ODD, words))
    return found
