"""Examples with several labels: how the final model did on a split, class by class and pair by pair."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from kerastune_ft.reporting.results.classes import ratio


class Judged(NamedTuple):
    """An example: the classes it has, those that were predicted, and the probability of each."""

    labels: frozenset[str]
    predicted: frozenset[str]
    probabilities: tuple[float, ...]


def judged(rows: Iterable[Mapping[str, str]], split: str, classes: Sequence[str]) -> list[Judged]:
    """Return the examples of a split from rows of predictions.csv."""
    return [
        Judged(
            frozenset(members(row["label"])),
            frozenset(members(row["prediction"])),
            tuple(float(row.get(f"probability_{name}") or "nan") for name in classes),
        )
        for row in rows
        if row["split"] == split and "prediction" in row
    ]


def members(text: str) -> list[str]:
    """Return the labels that one cell holds; none of an empty one."""
    # The module that names the separator loads NumPy.
    from kerastune_ft.data.labels.labels import SEPARATOR

    return text.split(SEPARATOR) if text else []


def per_class(
    examples: Sequence[Judged], classes: Sequence[str], thresholds: Mapping[str, float]
) -> list[dict[str, Any]]:
    """Return the figures of every class, none without examples; None where nothing can be said.

    Average precision and AUC are of the probabilities; the rest is at the threshold.
    """
    rows = []
    for place, name in enumerate(classes if examples else ()):
        has = [name in example.labels for example in examples]
        said = [name in example.predicted for example in examples]
        right = sum(a and b for a, b in zip(has, said, strict=True))
        rows.append(
            {
                "class": name,
                **_ranked(has, [example.probabilities[place] for example in examples]),
                "precision": ratio(right, sum(said)),
                "recall": ratio(right, sum(has)),
                "f1": ratio(2 * right, sum(has) + sum(said)),
                "threshold": thresholds.get(name),
                "support": sum(has),
                "missed": sum(has) - right,
                "false_alarms": sum(said) - right,
            }
        )
    return rows


def together(examples: Sequence[Judged], classes: Sequence[str], most: int = 16) -> dict[str, Any]:
    """Return how often every two classes occur together, as labelled and as predicted.

    A row and a column per class; the diagonal is how often the class occurs at all. With more than `most` classes,
    only the commonest.
    """
    labelled = _pairs(example.labels for example in examples)
    predicted = _pairs(example.predicted for example in examples)
    commonest = sorted(classes, key=lambda name: (-labelled[name, name] - predicted[name, name], name))[:most]
    shown = [name for name in classes if name in commonest]
    rows = [
        {
            "label": row,
            "cells": [
                {
                    "labelled": labelled[row, column],
                    "predicted": predicted[row, column],
                    "share": ratio(labelled[row, column], labelled[row, row]) or 0.0,
                    "itself": row == column,
                }
                for column in shown
            ],
        }
        for row in shown
    ]
    return {"classes": shown, "rows": rows, "of": len(classes)}


def without_label(rows: Iterable[Mapping[str, str]]) -> dict[str, int]:
    """Return by split how many examples have no label, from rows of splits.csv."""
    return dict(Counter(row["split"] for row in rows if not row["label"]))


def _ranked(has: Sequence[bool], probabilities: Sequence[float]) -> dict[str, float | None]:
    """Return average precision and AUC as scikit-learn has them."""
    from sklearn import metrics

    occurs, divides = any(has), len(set(has)) == 2
    return {
        "average_precision": float(metrics.average_precision_score(has, probabilities)) if occurs else None,
        "auc": float(metrics.roc_auc_score(has, probabilities)) if divides else None,
    }


def _pairs(sets: Iterable[Collection[str]]) -> Counter[tuple[str, str]]:
    return Counter((first, second) for names in sets for first in names for second in names)
