"""Learning rates that a sweep suggests, by the formulas of fastai, and the smoothing they look at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

MEMORY = 0.98
"""Of the running mean of losses, how much of the mean before counts at each step."""
EXPLODED = 4.0
"""A sweep ends where the smoothed loss is more than so many times its least."""
# The last steps of a sweep, where the loss explodes, are not looked at.
_LAST = 5
_FEWEST = 8


def smooth(losses: Sequence[float]) -> np.ndarray:
    """Return the running mean of losses, corrected for its start at 0: fastai's `smooth_loss`.

    With m = `MEMORY` the mean after step k, from 1, is (m mean before + (1 - m) loss), over (1 - m^k).
    """
    mean, found = 0.0, []
    for step, loss in enumerate(losses, start=1):
        mean = MEMORY * mean + (1 - MEMORY) * loss
        found.append(mean / (1 - MEMORY**step))
    return np.array(found)


def suggest(rates: np.ndarray, smoothed: np.ndarray, planned: int) -> dict[str, float]:
    """Return the suggested rates by name; empty where the loss never fell, or ended too soon.

    `rates` and `smoothed` are those of the steps made, of `planned`. The first tenth of the planned steps and the last
    five made are left out.
    """
    used = slice(planned // 10, len(smoothed) - _LAST)
    rates, smoothed = np.asarray(rates, np.float64)[used], np.asarray(smoothed, np.float64)[used]
    if len(smoothed) < _FEWEST or not np.diff(smoothed).min() < 0:
        return {}
    return {"valley": find_valley(rates, smoothed), "steepest": find_steepest(rates, smoothed, max(1, planned // 10))}


def find_valley(rates: np.ndarray, smoothed: np.ndarray) -> float:
    """Return the rate in the middle of the longest fall of the loss.

    The longest subsequence of losses each below the one before has k members, and the first such one ends at step e:
    the rate is that of step e - k + floor(k / 3) + floor(k / 6), at least 0.
    """
    lengths = np.ones(len(smoothed), int)
    for step in range(1, len(smoothed)):
        above = lengths[:step][smoothed[:step] > smoothed[step]]
        lengths[step] = 1 + (above.max() if len(above) else 0)
    end = int(lengths.argmax())
    longest = int(lengths[end])
    return float(rates[max(0, end - longest + longest // 3 + longest // 6)])


def find_steepest(rates: np.ndarray, smoothed: np.ndarray, width: int) -> float:
    """Return the rate at which the loss falls fastest, by the logarithm of the rate.

    Slopes are taken from each step to the one `width` steps later, since from step to step they are those of single
    batches (fastai's are); the rate is in the middle of the two, geometrically.
    """
    width = min(width, len(smoothed) - 1)
    slopes = (smoothed[width:] - smoothed[:-width]) / np.log(rates[width:] / rates[:-width])
    first = int(slopes.argmin())
    return float(np.sqrt(rates[first] * rates[first + width]))


def round_rate(rate: float) -> float:
    """Return a rate as it is written: in two significant digits."""
    return float(f"{rate:.1e}")


def describe(suggestions: Mapping[str, float]) -> dict[str, str]:
    """Return what each suggestion is, in a few words."""
    words = {"valley": "the middle of the longest fall", "steepest": "where the loss falls fastest"}
    return {name: words[name] for name in suggestions}
