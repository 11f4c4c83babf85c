"""Results for examples to which any number of classes apply: figures by class, and which labels occur together."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from kerastune_ft.reporting.results.base import SPLIT, ResultPage, Results, divide, join_names, sort_worst_first


class SeveralClassesPage(ResultPage):
    """How often labels occur together, and figures by class at their thresholds."""

    template = "results/several_classes.html"
    headlines = ("mean_average_precision", "macro_f1", "auc")
    columns = ("probability_",)
    title = "with several labels"
    contents_note = "An example counts for each of its labels, so the rows above the last do not add up to it."

    def summarise(self, results: Results) -> dict[str, list[dict[str, Any]]]:
        """Return figures by class."""
        examples = _read_examples(results)
        return {"classes": score_classes(examples, results.names, results.thresholds)}

    def draw(self, results: Results) -> dict[str, Any]:
        """Return the table of labels that occur together, and the classes with the lowest F1 first."""
        examples = _read_examples(results)
        if not examples:
            return {}
        classes = score_classes(examples, results.names, results.thresholds)
        return {
            "together": count_pairs(examples, results.names),
            "worst_first": sort_worst_first(classes, "f1"),
        }

    def describe_labels(self, names: Sequence[str]) -> str:
        """Return how many classes there are, and their names."""
        return f"any of {len(names)} classes: {join_names(names)}"

    def count_without_label(self, splits: Iterable[Mapping[str, str]]) -> dict[str, int]:
        """Return by split how many examples have no label."""
        return count_without_label(splits)


def _read_examples(results: Results) -> list[LabelSets]:
    """Return the label sets of the test split; empty while the plan that names the classes is not there."""
    return read_label_sets(results.predictions, SPLIT, results.names) if results.names else []


class LabelSets(NamedTuple):
    """An example: its true classes, the predicted ones, and the probability of every class."""

    labels: frozenset[str]
    predicted: frozenset[str]
    probabilities: tuple[float, ...]


def read_label_sets(rows: Iterable[Mapping[str, str]], split: str, classes: Sequence[str]) -> list[LabelSets]:
    """Return the examples of a split from rows of predictions.csv."""
    return [
        LabelSets(
            frozenset(split_labels(row["label"])),
            frozenset(split_labels(row["prediction"])),
            tuple(float(row.get(f"probability_{name}") or "nan") for name in classes),
        )
        for row in rows
        if row["split"] == split and "prediction" in row
    ]


def split_labels(text: str) -> list[str]:
    """Return the labels that one cell holds; none of an empty one."""
    # The module that names the separator loads NumPy.
    from kerastune_ft.data.labels.raw import SEPARATOR

    return text.split(SEPARATOR) if text else []


def score_classes(
    examples: Sequence[LabelSets], classes: Sequence[str], thresholds: Mapping[str, float]
) -> list[dict[str, Any]]:
    """Return the figures of every class, none without examples; None where a figure is not defined.

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
                **_score_ranking(has, [example.probabilities[place] for example in examples]),
                "precision": divide(right, sum(said)),
                "recall": divide(right, sum(has)),
                "f1": divide(2 * right, sum(has) + sum(said)),
                "threshold": thresholds.get(name),
                "support": sum(has),
                "missed": sum(has) - right,
                "false_alarms": sum(said) - right,
            }
        )
    return rows


def count_pairs(examples: Sequence[LabelSets], classes: Sequence[str], most: int = 16) -> dict[str, Any]:
    """Return how often every two classes occur together, as labelled and as predicted.

    A row and a column per class; the diagonal is how often the class occurs at all. With more than `most` classes,
    only the commonest.
    """
    labelled = _count_pairs_of(example.labels for example in examples)
    predicted = _count_pairs_of(example.predicted for example in examples)
    commonest = sorted(classes, key=lambda name: (-labelled[name, name] - predicted[name, name], name))[:most]
    shown = [name for name in classes if name in commonest]
    rows = [
        {
            "label": row,
            "cells": [
                {
                    "labelled": labelled[row, column],
                    "predicted": predicted[row, column],
                    "share": divide(labelled[row, column], labelled[row, row]) or 0.0,
                    "itself": row == column,
                }
                for column in shown
            ],
        }
        for row in shown
    ]
    return {"classes": shown, "rows": rows, "of": len(classes)}


def count_without_label(rows: Iterable[Mapping[str, str]]) -> dict[str, int]:
    """Return by split how many examples have no label, from rows of splits.csv."""
    return dict(Counter(row["split"] for row in rows if not row["label"]))


def _score_ranking(has: Sequence[bool], probabilities: Sequence[float]) -> dict[str, float | None]:
    """Return average precision and AUC of one class; None where they are not defined."""
    import numpy as np

    from kerastune_ft.metrics.several_classes import score_ranking

    found = score_ranking(np.asarray(has)[:, np.newaxis], np.asarray(probabilities)[:, np.newaxis])
    known = {metric: value if math.isfinite(value) else None for metric, value in found.items()}
    return {"average_precision": known["mean_average_precision"], "auc": known["auc"]}


def _count_pairs_of(sets: Iterable[Collection[str]]) -> Counter[tuple[str, str]]:
    return Counter((first, second) for names in sets for first in names for second in names)
