"""Answers of several classes: probabilities compared, and sets of labels that differ. Truths are flags by class."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from kerastune_ft.data.labels.raw import SEPARATOR
from kerastune_ft.data.labels.scheme import LabelScheme
from kerastune_ft.exporting.answers.base import Answer, Compared, Flip, Samples


def compare(
    scheme: LabelScheme, samples: Samples, rows: Sequence[Mapping[str, Any]], answers: Sequence[Answer]
) -> Compared:
    """Return the largest difference of a probability of each sample, and the samples with another set of labels."""
    names = scheme.names
    run = np.array([[row[f"probability_{name}"] for name in names] for row in rows])
    export = np.array([[answer["probabilities"][name] for name in names] for answer in answers])
    joined = [SEPARATOR.join(answer["labels"]) for answer in answers]
    differences = np.abs(run - export)
    assert samples.thresholds is not None
    gaps = np.abs(run - np.array(samples.thresholds))
    flips = []
    for place, (row, labels) in enumerate(zip(rows, joined, strict=True)):
        if row["label"] != labels:
            moved = set(row["label"].split(SEPARATOR)) ^ set(labels.split(SEPARATOR))
            # Of the class whose probability lies farthest from its threshold, on whichever side the export has it.
            gap = max((gaps[place, number] for number, name in enumerate(names) if name in moved), default=0.0)
            flips.append(Flip(samples.names[place], row["label"], labels, float(gap)))
    truths = [SEPARATOR.join(np.asarray(names, dtype=object)[np.asarray(flags) > 0]) for flags in samples.truths]
    return Compared(
        differences.max(axis=1),
        "of a probability",
        flips,
        "all classes right",
        float(np.mean([row["label"] == truth for row, truth in zip(rows, truths, strict=True)])),
        float(np.mean([labels == truth for labels, truth in zip(joined, truths, strict=True)])),
    )
