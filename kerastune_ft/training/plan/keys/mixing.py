"""How a phase mixes its training examples: by what amounts, and with which partners."""

from __future__ import annotations

import numpy as np

from kerastune_ft.config.options.phases import Phase
from kerastune_ft.data.source import DataSource
from kerastune_ft.input.mixing import Mixing, Partners
from kerastune_ft.training.plan.keys.class_balance import rarest_class, sampling_shares


def find_mixing(source: DataSource, phase: Phase) -> Mixing | None:
    """Return the mixing of a phase, or None where it has none.

    Partners are all training examples, drawn as often as the phase's sampling draws the examples themselves.
    """
    if not phase.mixup and not phase.cutmix:
        return None
    examples = source.splits["train"]
    chances = None if phase.sampling is None else _find_chances(source, examples)
    return Mixing(phase.mixup, phase.cutmix, Partners(examples, chances))


def _find_chances(source: DataSource, examples: np.ndarray) -> np.ndarray:
    """Return the chance of each example in a balanced draw, float64; they sum to 1."""
    groups, shares = rarest_class(source, examples), sampling_shares(source, examples)
    members = {number: int((groups == number).sum()) for number in shares}
    return np.array([shares[number] / members[number] for number in groups.tolist()], np.float64)
