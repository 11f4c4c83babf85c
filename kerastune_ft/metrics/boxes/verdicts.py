"""What became of every detection and every true box at an IoU of .5, once scores below a threshold are left out.

Detections first find true boxes of their own class, as for average precision. Then what is left is paired whatever its
class, so that a true box that was seen and called something else is not counted as missed. True boxes of crowds are
neither found nor missed, and detections that lie in a crowd of their class are neither right nor wrong.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from kerastune_ft.metrics.boxes.arrays import is_box
from kerastune_ft.metrics.boxes.matches import Matches, match

NOTHING, HIT, OTHER, ALONE, IGNORED = range(5)
"""No box at all; found; found as another class; a false alarm or a missed box; in a crowd, or a crowd itself."""


@dataclass(frozen=True)
class Verdicts:
    """The verdict on every detection and every true box, one of the constants above, and its partner."""

    detections: np.ndarray
    """int8 [pictures, k]"""
    detection_partners: np.ndarray
    """The place of the true box of a hit or of another class, else -1; int64 [pictures, k]."""
    truth: np.ndarray
    """int8 [pictures, m]"""
    truth_partners: np.ndarray
    """The place of the detection, likewise; int64 [pictures, m]."""

    def count(self) -> dict[str, np.ndarray]:
        """Return by picture how many true boxes are found and missed, and how many detections are false alarms.

        A box that is found as another class is missed, and its detection a false alarm. Each is int64 [pictures].
        """
        return {
            "hits": (self.detections == HIT).sum(axis=1),
            "missed": ((self.truth == ALONE) | (self.truth == OTHER)).sum(axis=1),
            "false_alarms": ((self.detections == ALONE) | (self.detections == OTHER)).sum(axis=1),
        }


def leave_out_below(detections: np.ndarray, thresholds: np.ndarray) -> np.ndarray:
    """Return the detections with those padded whose score is below the threshold of their class, float [classes]."""
    limits = thresholds[np.maximum(detections[..., 4], 0).astype(np.int64)]
    shown = is_box(detections) & (detections[..., 5] >= limits)
    kept: np.ndarray = np.where(shown[..., np.newaxis], detections, detections.dtype.type(-1))
    return kept


def judge(detections: np.ndarray, truth: np.ndarray, thresholds: np.ndarray) -> Verdicts:
    """Return the verdicts where a detection counts from the threshold of its class on, float [classes]."""
    kept = leave_out_below(detections, thresholds)
    is_crowd = is_box(truth) & (truth[..., 5] != 0)
    found = Verdicts(
        np.where(is_box(kept), ALONE, NOTHING).astype(np.int8),
        np.full(kept.shape[:2], -1),
        np.where(is_crowd, IGNORED, np.where(is_box(truth), ALONE, NOTHING)).astype(np.int8),
        np.full(truth.shape[:2], -1),
    )
    limit = max(1, detections.shape[1])
    pairs = match(kept, truth, len(thresholds), limit)
    ignored = pairs.is_ignored[0, 0] & pairs.is_hit[0, 0]
    found.detections[pairs.pictures[ignored], pairs.places[ignored]] = IGNORED
    _pair(found, pairs, ~ignored, HIT)
    left, unfound = kept.copy(), truth.copy()
    left[found.detections != ALONE], unfound[found.truth != ALONE] = -1, -1
    for boxes in (left, unfound):
        boxes[is_box(boxes), 4] = 0
    others = match(left, unfound, 1, limit)
    _pair(found, others, np.ones(len(others.pictures), bool), OTHER)
    return found


def _pair(found: Verdicts, pairs: Matches, kept: np.ndarray, verdict: int) -> None:
    """Write a verdict on the detections that found a true box, and on those boxes."""
    own = kept & pairs.is_hit[0, 0]
    pictures, places, truth = pairs.pictures[own], pairs.places[own], pairs.truth[own]
    found.detections[pictures, places] = verdict
    found.detection_partners[pictures, places] = truth
    found.truth[pictures, truth] = verdict
    found.truth_partners[pictures, truth] = places


def count_confusion(detections: np.ndarray, truth: np.ndarray, verdicts: Verdicts, classes: int) -> np.ndarray:
    """Return how often a true class (row) is found as a class (column), int64 [classes + 1, classes + 1].

    The last row has the false alarms by class and the last column the missed boxes, each without a partner.
    """
    counts = np.zeros((classes + 1, classes + 1), np.int64)
    kinds, true_kinds = (np.maximum(boxes[..., 4], 0).astype(np.int64) for boxes in (detections, truth))
    pictures, places = np.nonzero((verdicts.detections == HIT) | (verdicts.detections == OTHER))
    partners = verdicts.detection_partners[pictures, places]
    np.add.at(counts, (true_kinds[pictures, partners], kinds[pictures, places]), 1)
    np.add.at(counts, (classes, kinds[verdicts.detections == ALONE]), 1)
    np.add.at(counts, (true_kinds[verdicts.truth == ALONE], classes), 1)
    return counts
