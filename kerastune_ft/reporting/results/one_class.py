"""Results for examples that have one of several classes: figures by class, mistakes, a confusion matrix."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from kerastune_ft.reporting.results.base import SPLIT, ResultPage, Results, divide, join_names, sort_worst_first

Pairs = Mapping[tuple[str, str], int]
"""How often each (label, prediction) occurred."""

_MOST_CLASSES = 20
"""The number of classes up to which a confusion matrix is legible."""

OTHERS = "all others"
"""The row and column that sums what a large matrix does not show by itself."""


class OneClassPage(ResultPage):
    """A confusion matrix, figures by class and the commonest mistakes."""

    template = "results/one_class.html"
    headlines = ("accuracy", "macro_f1", "auc")

    def summarise(self, results: Results) -> dict[str, list[dict[str, Any]]]:
        """Return precision, recall and F1 by class, and the commonest mistakes."""
        pairs = count_confusions(results.predictions, SPLIT)
        if not pairs:
            return {}
        return {
            "classes": score_classes(pairs, results.names),
            "confused": find_commonest_mistakes(pairs, _choose_number(pairs, results.names)),
        }

    def draw(self, results: Results) -> dict[str, Any]:
        """Return the confusion matrix, and the classes with the lowest F1 first."""
        pairs = count_confusions(results.predictions, SPLIT)
        if not pairs:
            return {}
        classes = score_classes(pairs, results.names)
        return {
            "matrix": shade_matrix(build_matrix(pairs, results.names)),
            "worst_first": sort_worst_first(classes, "f1"),
        }

    def describe_labels(self, names: Sequence[str]) -> str:
        """Return how many classes there are, and their names."""
        return f"one of {len(names)} classes: {join_names(names)}"


def count_confusions(rows: Iterable[Mapping[str, str]], split: str) -> Pairs:
    """Return how often each (label, prediction) occurred in a split."""
    return Counter((row["label"], row["prediction"]) for row in rows if row["split"] == split and "prediction" in row)


def order_names(pairs: Pairs, classes: Sequence[str]) -> list[str]:
    """Return the classes in the configured order, then any that only the predictions name."""
    return list(dict.fromkeys([*map(str, classes), *(name for pair in pairs for name in pair)]))


def score_classes(pairs: Pairs, classes: Sequence[str]) -> list[dict[str, Any]]:
    """Return precision, recall, F1 and support of every class; None where a figure is not defined."""
    labelled: Counter[str] = Counter()
    predicted: Counter[str] = Counter()
    for (label, prediction), number in pairs.items():
        labelled[label] += number
        predicted[prediction] += number
    rows = []
    for name in order_names(pairs, classes):
        right = pairs.get((name, name), 0)
        rows.append(
            {
                "class": name,
                "precision": divide(right, predicted[name]),
                "recall": divide(right, labelled[name]),
                "f1": divide(2 * right, predicted[name] + labelled[name]),
                "support": labelled[name],
            }
        )
    return rows


def find_commonest_mistakes(pairs: Pairs, most: int = 8) -> list[dict[str, Any]]:
    """Return the commonest mistakes with their share of the label's examples; ties in order of name."""
    support: Counter[str] = Counter()
    for (label, _), number in pairs.items():
        support[label] += number
    wrong = sorted(((number, pair) for pair, number in pairs.items() if pair[0] != pair[1]), key=_sort_commonest_first)
    return [
        {"label": label, "prediction": prediction, "count": number, "share": number / support[label]}
        for number, (label, prediction) in wrong[:most]
    ]


def _choose_number(pairs: Pairs, classes: Sequence[str]) -> int:
    """Return how many of the commonest mistakes to list: more where they stand in for a confusion matrix."""
    return 20 if len(order_names(pairs, classes)) > _MOST_CLASSES else 8


def build_matrix(pairs: Pairs, classes: Sequence[str], most: int = _MOST_CLASSES) -> dict[str, Any]:
    """Return the confusion matrix: a row per label, a column per prediction.

    With more than `most` classes, those in the most mistakes stand alone and the rest are summed in one more
    row and column, so that every example is counted once whatever the number of classes.
    """
    everything = order_names(pairs, classes)
    shown = everything if len(everything) <= most else _find_worst_classes(pairs, everything, most - 1)
    axis = shown if len(shown) == len(everything) else [*shown, OTHERS]
    place = {name: number for number, name in enumerate(shown)}
    counts = [[0] * len(axis) for _ in axis]
    for (label, prediction), number in pairs.items():
        counts[place.get(label, len(axis) - 1)][place.get(prediction, len(axis) - 1)] += number
    return {"classes": axis, "counts": counts, "of": len(everything)}


def shade_matrix(matrix: Mapping[str, Any]) -> dict[str, Any]:
    """Return a confusion matrix whose cells have their share of the row, which shades them."""
    rows = []
    for place, counts in enumerate(matrix["counts"]):
        total = sum(counts)
        cells = [
            {"count": count, "share": count / total if total else 0.0, "right": place == column}
            for column, count in enumerate(counts)
        ]
        rows.append({"label": matrix["classes"][place], "cells": cells, "total": total})
    return {"classes": matrix["classes"], "rows": rows, "of": matrix["of"]}


def _find_worst_classes(pairs: Pairs, everything: Sequence[str], most: int) -> list[str]:
    mistakes: Counter[str] = Counter()
    for (label, prediction), number in pairs.items():
        if label != prediction:
            mistakes[label] += number
            mistakes[prediction] += number
    worst = {name for name, _ in sorted(mistakes.items(), key=lambda item: (-item[1], item[0]))[:most]}
    return [name for name in everything if name in worst]


def _sort_commonest_first(entry: tuple[int, tuple[str, str]]) -> tuple[int, tuple[str, str]]:
    return -entry[0], entry[1]
