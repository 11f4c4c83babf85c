"""Class by class: how the final model did on a split, from its predictions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

Pairs = Mapping[tuple[str, str], int]

OTHERS = "all others"


def confusions(rows: Iterable[Mapping[str, str]], split: str) -> Pairs:
    """Return how often each (label, prediction) occurred in a split."""
    return Counter((row["label"], row["prediction"]) for row in rows if row["split"] == split and "prediction" in row)


def names(pairs: Pairs, classes: Sequence[str]) -> list[str]:
    """Return the classes in the configured order, then any that only the predictions name."""
    return list(dict.fromkeys([*map(str, classes), *(name for pair in pairs for name in pair)]))


def per_class(pairs: Pairs, classes: Sequence[str]) -> list[dict[str, Any]]:
    """Return precision, recall, F1 and support of every class; None where nothing can be said."""
    labelled: Counter[str] = Counter()
    predicted: Counter[str] = Counter()
    for (label, prediction), number in pairs.items():
        labelled[label] += number
        predicted[prediction] += number
    rows = []
    for name in names(pairs, classes):
        right = pairs.get((name, name), 0)
        rows.append(
            {
                "class": name,
                "precision": ratio(right, predicted[name]),
                "recall": ratio(right, labelled[name]),
                "f1": ratio(2 * right, predicted[name] + labelled[name]),
                "support": labelled[name],
            }
        )
    return rows


def most_confused(pairs: Pairs, most: int = 8) -> list[dict[str, Any]]:
    """Return the commonest mistakes with their share of the label's examples; ties in order of name."""
    support: Counter[str] = Counter()
    for (label, _), number in pairs.items():
        support[label] += number
    wrong = sorted(((number, pair) for pair, number in pairs.items() if pair[0] != pair[1]), key=_commonest_first)
    return [
        {"label": label, "prediction": prediction, "count": number, "share": number / support[label]}
        for number, (label, prediction) in wrong[:most]
    ]


def matrix(pairs: Pairs, classes: Sequence[str], most: int = 16) -> dict[str, Any]:
    """Return the confusion matrix: a row per label, a column per prediction.

    With more than `most` classes, those in the most mistakes stand alone and the rest are summed in one more
    row and column, so that every example is counted once whatever the number of classes.
    """
    everything = names(pairs, classes)
    shown = everything if len(everything) <= most else _most_mistaken(pairs, everything, most - 1)
    axis = shown if len(shown) == len(everything) else [*shown, OTHERS]
    place = {name: number for number, name in enumerate(shown)}
    counts = [[0] * len(axis) for _ in axis]
    for (label, prediction), number in pairs.items():
        counts[place.get(label, len(axis) - 1)][place.get(prediction, len(axis) - 1)] += number
    return {"classes": axis, "counts": counts, "of": len(everything)}


def _most_mistaken(pairs: Pairs, everything: Sequence[str], most: int) -> list[str]:
    mistakes: Counter[str] = Counter()
    for (label, prediction), number in pairs.items():
        if label != prediction:
            mistakes[label] += number
            mistakes[prediction] += number
    worst = {name for name, _ in sorted(mistakes.items(), key=lambda item: (-item[1], item[0]))[:most]}
    return [name for name in everything if name in worst]


def _commonest_first(entry: tuple[int, tuple[str, str]]) -> tuple[int, tuple[str, str]]:
    return -entry[0], entry[1]


def ratio(part: int, whole: int) -> float | None:
    """Return a share, or None of nothing."""
    return part / whole if whole else None
