"""Suggesting what the phases of all modalities share: how long they are, batches, early stopping, weights, monitor.

Lengths and rate of the head are what was best where it was measured (docs/benchmarks.md#what-init-proposes).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from kerastune_ft.scaffolding.findings import DataFindings, add_with_reason

HEAD_ALONE = 100
"""With fewer training examples than this only the head trains."""
FEW_IMAGES = 300
"""With fewer training images than this, changed versions of them are worth their time."""
CHANGED_IMAGES = {"preset": "light", "views": 4}
"""The augmentation of so few."""
_HEAD_RATE = 0.003


@dataclass(frozen=True)
class Length:
    """How long phases are for up to so many training examples."""

    below: float
    head_epochs: int
    head_patience: int
    later_epochs: int
    later_patience: int
    batch_size: int


_LENGTHS = (
    Length(HEAD_ALONE, 60, 10, 15, 10, 8),
    Length(1_000, 40, 8, 15, 8, 16),
    # Later epochs read the images of many examples again and again, the head's do not.
    Length(20_000, 40, 8, 8, 3, 32),
    Length(math.inf, 10, 3, 4, 2, 64),
)


def length_for(train: int) -> Length:
    """Return how long phases are for a number of training examples."""
    return next(length for length in _LENGTHS if train < length.below)


def head_phase(train: int) -> dict[str, Any]:
    """Return the phase that trains the head alone, with the reason for its length and rate.

    Its inputs are stored, so that its epochs cost next to nothing; early stopping ends it.
    """
    length = length_for(train)
    differs = length.head_patience != length.later_patience
    reason = (
        "at most: it ends when it no longer improves, and epochs on stored features are quick. Shorter phases at 0.001 "
        "lost 3 to 27 points of accuracy where it was measured"
    )
    return {
        "name": "head",
        "unfreeze": "none",
        "// epochs": reason,
        "epochs": length.head_epochs,
        "learning_rate": _HEAD_RATE,
        **({"early_stopping": {"patience": length.head_patience}} if differs else {}),
    }


def defaults(findings: DataFindings) -> dict[str, Any]:
    """Return the configuration's `defaults`."""
    length = length_for(findings.train)
    defaults: dict[str, Any] = {"batch_size": length.batch_size}
    if findings.is_imbalanced:
        largest, smallest = max(findings.counts.values()), max(1, min(findings.counts.values()))
        add_with_reason(
            defaults, "class_weights", "balanced", f"the largest class has {largest / smallest:.0f} times the smallest"
        )
    # Of unequal classes too the loss is watched: AUC and macro F1 hang on a few rare examples, stand still or jump, and
    # ended phases too early where it was measured.
    if findings.is_multi_label:
        reason = "accuracy says little if most labels are absent"
        add_with_reason(defaults, "monitor", "validation_mean_average_precision", reason)
    add_with_reason(
        defaults,
        "early_stopping",
        {"patience": length.later_patience},
        "a phase ends when its monitor stops improving; the best epoch is kept",
    )
    return defaults


def about(train: int) -> str:
    """Return the number of training examples as words."""
    return f"about {train:,} training examples"
