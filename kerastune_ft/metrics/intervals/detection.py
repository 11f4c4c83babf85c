"""Metrics of resamples of pictures with boxes, from the matches of every picture.

What a detection finds does not depend on other pictures, so that matches are made once, and a resample weighs each by
how often its picture was drawn. Precision is largest where a true box is found, so that only those are looked at. The
figures are those of COCO's protocol on the drawn pictures; where two scores are the same, those of a picture drawn
twice count together and not one after the other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from typing import NamedTuple

import numpy as np

from kerastune_ft.metrics.boxes.arrays import SIZES
from kerastune_ft.metrics.boxes.matches import AT_50, AT_75, OVERLAPS, RECALLS, Matches
from kerastune_ft.metrics.detection import DIRECTIONS
from kerastune_ft.metrics.division import divide, nan_mean
from kerastune_ft.metrics.intervals.base import Compute, Sample

# Averages over resamples whose weights are all 0 have nothing to divide by.
_SMALLEST = 1e-300


def make_sample(matches: Matches, losses: np.ndarray | None, counts: np.ndarray | None) -> Sample:
    """Return the pictures as the metrics of `metrics.detection.score` and the loss need them.

    `losses` are sums over the places of a picture that a loss is of, and `counts` what a sum of losses is divided by,
    float64 [pictures]; without them there is no interval of the loss.
    """
    ranked = [_rank_class(matches, 0, number) for number in range(matches.wanted.shape[1])]

    def compute(times: np.ndarray) -> dict[str, np.ndarray]:
        return {} if losses is None or counts is None else {"loss": divide(losses @ times, counts @ times)}

    def rank(times: np.ndarray) -> dict[str, np.ndarray]:
        own = np.stack([each.compute(times) for each in ranked])
        values = own.mean(axis=1), own[:, AT_50], own[:, AT_75]
        return {name: nan_mean(each) for name, each in zip(DIRECTIONS, values, strict=True)}

    return _make(matches, ranked, rank, compute)


def make_class_sample(matches: Matches, names: Sequence[str]) -> Sample:
    """Return the pictures as average precision by class needs them; each metric is the name of a class."""
    ranked = [_rank_class(matches, 0, number) for number in range(len(names))]

    def rank(times: np.ndarray) -> dict[str, np.ndarray]:
        return {name: own.compute(times).mean(axis=0) for name, own in zip(names, ranked, strict=True)}

    return _make(matches, ranked, rank)


def measure_classes(matches: Matches) -> np.ndarray:
    """Return average precision of all pictures by overlap and class, float64 [overlaps, classes]; NaN without truth."""
    once = np.ones((matches.wanted.shape[2], 1))
    classes = range(matches.wanted.shape[1])
    return np.stack([_rank_class(matches, 0, number).compute(once)[:, 0] for number in classes], axis=1)


def make_size_sample(matches: Matches) -> Sample:
    """Return the pictures as mean average precision by size needs them; each metric is the name of a size."""
    classes = range(matches.wanted.shape[1])
    ranked = {name: [_rank_class(matches, 1 + place, own) for own in classes] for place, name in enumerate(SIZES)}

    def rank(times: np.ndarray) -> dict[str, np.ndarray]:
        return {
            name: nan_mean(np.stack([each.compute(times).mean(axis=0) for each in own])) for name, own in ranked.items()
        }

    return _make(matches, [each for own in ranked.values() for each in own], rank)


def _make(matches: Matches, ranked: Sequence[_RankedClass], rank: Compute, compute: Compute | None = None) -> Sample:
    """Return a sample whose work is what `rank` computes for a picture."""
    pictures = matches.wanted.shape[2]
    work = max(1, ceil(sum(each.work for each in ranked) / max(1, pictures)))
    return Sample(pictures, compute=compute or (lambda times: {}), rank=rank, ranked_classes=work)


class _Hits(NamedTuple):
    """The detections that find a true box at one overlap, and those that are ignored."""

    pictures: np.ndarray
    upto: np.ndarray
    """How many detections there are up to each hit, and itself."""
    ignored: np.ndarray
    """The pictures of ignored detections."""
    ignored_upto: np.ndarray
    """How many of these there are up to each hit."""


@dataclass(frozen=True)
class _RankedClass:
    """The detections of one class, by falling score, as average precision of many resamples at once needs them."""

    pictures: np.ndarray
    wanted: np.ndarray
    """How many true boxes every picture has, float64 [pictures]."""
    hits: Sequence[_Hits]
    """By overlap."""

    @property
    def work(self) -> int:
        """Return about how many numbers are computed for a resample."""
        return len(self.pictures) + sum(len(each.pictures) + len(each.ignored) for each in self.hits)

    def compute(self, times: np.ndarray) -> np.ndarray:
        """Return average precision by overlap of pictures drawn so often [pictures, resamples]: [overlaps, resamples].

        NaN where no drawn picture has a true box.
        """
        total = self.wanted @ times
        drawn = _accumulate(times[self.pictures])
        found = np.stack([_average_precision(each, times, drawn, total) for each in self.hits])
        return np.where(total > 0, found, np.nan)


def _rank_class(matches: Matches, size: int, number: int) -> _RankedClass:
    rows = slice(*np.searchsorted(matches.classes, [number, number + 1]))
    pictures = matches.pictures[rows]
    hits = []
    for overlap in range(len(OVERLAPS)):
        is_ignored = matches.is_ignored[size, overlap, rows]
        places = np.flatnonzero(matches.is_hit[size, overlap, rows] & ~is_ignored)
        ignored = np.flatnonzero(is_ignored)
        hits.append(_Hits(pictures[places], places + 1, pictures[ignored], np.searchsorted(ignored, places)))
    return _RankedClass(pictures, matches.wanted[size, number].astype(np.float64), hits)


def _average_precision(hits: _Hits, times: np.ndarray, drawn: np.ndarray, total: np.ndarray) -> np.ndarray:
    """Return the mean of the largest precision at each recall or above [resamples]; 0 without a hit."""
    if not len(hits.pictures):
        return np.zeros(times.shape[1])
    right = np.cumsum(times[hits.pictures], axis=0)
    counted = drawn[hits.upto]
    if len(hits.ignored):
        counted = counted - _accumulate(times[hits.ignored])[hits.ignored_upto]
    precision = np.maximum.accumulate((right / np.maximum(counted, _SMALLEST))[::-1], axis=0)[::-1]
    # How many of the recalls a hit and those before it reach; each takes its precision from the first that reaches it.
    reached = np.searchsorted(RECALLS, right / np.maximum(total, _SMALLEST), side="right")
    own = np.diff(reached, axis=0, prepend=0)
    share: np.ndarray = (precision * own).sum(axis=0) / len(RECALLS)
    return share


def _accumulate(rows: np.ndarray) -> np.ndarray:
    """Return the sums of the first rows, from none of them to all."""
    sums = np.zeros((len(rows) + 1, rows.shape[1]))
    np.cumsum(rows, axis=0, out=sums[1:])
    return sums
