"""Answers that are numbers, in the user's units. Truths are numbers, or arrays of several."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from kerastune_ft.data.labels.scheme import LabelScheme
from kerastune_ft.exporting.answers.base import Answer, Compared, Samples

# Most values lie within four standard deviations, as probabilities do between 0 and 1.
_SCALE = 4.0


def compare(
    scheme: LabelScheme, samples: Samples, rows: Sequence[Mapping[str, Any]], answers: Sequence[Answer]
) -> Compared:
    """Return the largest difference of a value of each sample, in standard deviations of the training examples."""
    names = scheme.names
    is_one = len(names) == 1
    run = np.array([[row["value" if is_one else f"value_{name}"] for name in names] for row in rows])
    export = np.array([[answer["value"] if is_one else answer["values"][name] for name in names] for answer in answers])
    truths = np.array(samples.truths, np.float64).reshape(len(run), -1)
    return Compared(
        (np.abs(run - export) / np.array(scheme.deviation)).max(axis=1),
        "of a standard deviation",
        None,
        "mean absolute error",
        float(np.abs(run - truths).mean()),
        float(np.abs(export - truths).mean()),
        scale=_SCALE,
        is_error=True,
    )
