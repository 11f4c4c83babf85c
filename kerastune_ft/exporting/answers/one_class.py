"""Answers of one class: probabilities compared, and labels that differ. Truths are numbers of classes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from kerastune_ft.data.labels.scheme import LabelScheme
from kerastune_ft.exporting.answers.base import Answer, Compared, Flip, Samples


def compare(
    scheme: LabelScheme, samples: Samples, rows: Sequence[Mapping[str, Any]], answers: Sequence[Answer]
) -> Compared:
    """Return the largest difference of a probability of each sample, and the samples with another label."""
    names = scheme.names
    run = np.array([[row[f"probability_{name}"] for name in names] for row in rows])
    export = np.array([[answer["probabilities"][name] for name in names] for answer in answers])
    best = np.sort(run, axis=1)
    gaps = best[:, -1] - best[:, -2] if len(names) > 1 else np.ones(len(run))
    flips = [
        Flip(sample, row["label"], answer["label"], float(gap))
        for sample, row, answer, gap in zip(samples.names, rows, answers, gaps, strict=True)
        if row["label"] != answer["label"]
    ]
    truths = [names[number] for number in samples.truths]
    return Compared(
        np.abs(run - export).max(axis=1),
        "of a probability",
        flips,
        "accuracy",
        float(np.mean([row["label"] == truth for row, truth in zip(rows, truths, strict=True)])),
        float(np.mean([answer["label"] == truth for answer, truth in zip(answers, truths, strict=True)])),
    )
