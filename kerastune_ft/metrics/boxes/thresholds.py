"""The score from which a detection is shown, by class: the one with the best F1 at an IoU of .5."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from kerastune_ft.metrics.boxes.matches import Matches

NO_TRUTH = 0.5
"""The threshold where no true box tells a better one."""


def choose_scores(matches: Matches, names: Sequence[str]) -> dict[str, float]:
    """Return the threshold of every class, half way between the last score that is taken and the next one below.

    F1 is 2 hits / (detections taken + true boxes). Of equal ones the highest threshold is chosen. A class without a
    true box gets the one that is best for all classes together, and without any true box or hit it is .5.
    """
    wanted = matches.wanted[0].sum(axis=1)
    everything = _choose(matches, np.ones(len(matches.scores), bool), int(wanted.sum()), NO_TRUTH)
    return {
        name: _choose(matches, matches.classes == number, int(wanted[number]), everything) if wanted[number] else
        everything
        for number, name in enumerate(names)
    }  # fmt: skip


def _choose(matches: Matches, own: np.ndarray, wanted: int, otherwise: float) -> float:
    counted = own & ~matches.is_ignored[0, 0]
    order = np.argsort(-matches.scores[counted], kind="stable")
    scores, hits = matches.scores[counted][order], np.cumsum(matches.is_hit[0, 0][counted][order])
    # A threshold takes all detections of a score or none.
    ends = np.flatnonzero(np.append(scores[1:] != scores[:-1], True)) if len(scores) else np.array([], np.int64)
    if not wanted or not len(ends) or not hits[-1]:
        return otherwise
    best = int(np.argmax(2 * hits[ends] / (ends + 1 + wanted)))
    last = float(scores[ends[best]])
    below = float(scores[ends[best] + 1]) if best + 1 < len(ends) else 0.0
    middle = (last + below) / 2
    return middle if below < middle <= last else last
