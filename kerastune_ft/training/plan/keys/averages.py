"""What a plan says of averaged weights, and the decay of the average after each update."""

from __future__ import annotations

import math

from kerastune_ft.config.options.phases import Phase

GROWTH = (1.0, 10.0)
"""After t updates the decay is at most (1 + t) / (10 + t)."""


def steps_to_decay(decay: float) -> int:
    """Return the number of updates after which a decay has its value."""
    first, later = GROWTH
    return max(0, math.ceil(round((later * decay - first) / (1.0 - decay), 6)))


def notes(phase: Phase, steps: int) -> list[str]:
    """Return a note where the decay of a phase never gets its value, so that a larger one would change nothing."""
    if phase.ema is None or (needed := steps_to_decay(phase.ema)) <= steps:
        return []
    first, later = GROWTH
    reached = (first + steps) / (later + steps)
    return [
        f"phase {phase.name}: the decay of its average grows to {reached:.3g} in its {steps} updates; an ema of "
        f"{phase.ema:g} would take {needed}, and any above {reached:.3g} gives the same"
    ]
