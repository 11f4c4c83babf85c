"""The deletion test: whether erasing what is hot takes more from an answer than erasing as much anywhere.

Petsiuk, Das and Saenko, "RISE", BMVC 2018, erase by rank; here a fifth is erased at once, and a fifth drawn at random
several times, so that the two can be compared example by example.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

SHARE, DRAWS = 0.2, 5
"""The share that is erased, and how often as much is erased at random."""
CONVINCING, WEAK, NOTHING, FEW = "convincing", "weak", "nothing", "too few examples"
_SURE, _LIKELY, _TIMES, _FEWEST = 0.01, 0.05, 1.5, 8
# What is hot has to take away at least so much more, however surely it does.
_LEAST = 0.02
_WORDS = {
    CONVINCING: "The colours show what the answers rest on",
    WEAK: "The colours show a little of what the answers rest on",
    NOTHING: "The colours say nothing about the answers, so do not read anything into them",
    FEW: "Too few examples to say whether the colours mean anything",
}


@dataclass(frozen=True)
class Deletion:
    """What erasing took from answers, in the mean of some examples."""

    verdict: str
    words: str
    examples: int
    unit: str
    hot: float
    """What erasing the hottest fifth takes away."""
    random: float
    """What erasing a fifth at random takes away, in the mean of the draws."""
    larger: int
    """The examples of which erasing what is hot takes more than at random."""
    p_value: float | None
    """Of Wilcoxon's signed-rank test, one-sided; None for too few examples."""

    def to_json(self) -> dict[str, Any]:
        """Return it as a JSON object."""
        return {**asdict(self), "share": SHARE, "draws": DRAWS}


def choose_hottest(heat: np.ndarray, allowed: np.ndarray) -> np.ndarray:
    """Return which fifth of the allowed cells is hottest, a flag for each; of equals the first."""
    found = np.zeros(heat.size, bool)
    places = np.flatnonzero(allowed.ravel())
    order = places[np.argsort(-heat.ravel()[places], kind="stable")]
    found[order[: count_erased(len(places))]] = True
    return found.reshape(heat.shape)


def draw_random(allowed: np.ndarray, address: Sequence[int]) -> np.ndarray:
    """Return as many of the allowed cells drawn at random, `DRAWS` times: flags [draws, ...].

    `address` (seed and identity of the example) decides them alone.
    """
    places = np.flatnonzero(allowed.ravel())
    found = np.zeros((DRAWS, allowed.size), bool)
    for number in range(DRAWS):
        drawn = np.random.default_rng([*address, number]).permutation(places)
        found[number, drawn[: count_erased(len(places))]] = True
    return found.reshape(DRAWS, *allowed.shape)


def count_erased(cells: int) -> int:
    """Return how many of so many cells are a fifth: at least one."""
    return max(1, round(SHARE * cells))


def judge(hot: Sequence[float], random: Sequence[float], unit: str) -> Deletion:
    """Return the verdict from what was taken away, by example: by what was hot, and by the mean of the draws."""
    from scipy.stats import wilcoxon

    taken, usual = np.asarray(hot, np.float64), np.asarray(random, np.float64)
    differences = taken - usual
    p_value: float | None = None
    verdict = FEW
    if len(taken) >= _FEWEST:
        p_value = float(wilcoxon(differences, alternative="greater").pvalue) if np.any(differences) else 1.0
        is_larger = taken.mean() > _TIMES * max(usual.mean(), 0.0)
        is_weak = p_value < _LIKELY and differences.mean() >= _LEAST
        verdict = CONVINCING if is_weak and p_value < _SURE and is_larger else WEAK if is_weak else NOTHING
    mean, other = (float(each.mean()) if len(each) else 0.0 for each in (taken, usual))
    larger = int((differences > 0).sum())
    figures = (
        f"erasing the hottest fifth takes {mean:.2f} of the {unit} away, a fifth at random {other:.2f}, and it takes "
        f"more with {larger} of {len(taken)} examples"
    )
    if unit != "probability":
        figures = figures.replace(f"{mean:.2f} of the {unit} away", f"{mean:.2f} {unit} away")
    return Deletion(verdict, f"{_WORDS[verdict]}. Tested: {figures}.", len(taken), unit, mean, other, larger, p_value)
