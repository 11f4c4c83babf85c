"""Results for pictures with a class for every pixel: figures by class and a confusion matrix, both of pixels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from kerastune_ft.reporting.results.base import SPLIT, ResultPage, Results, join_names, sort_worst_first
from kerastune_ft.reporting.results.one_class import build_matrix, shade_matrix

if TYPE_CHECKING:
    import numpy as np

_METRICS = ("iou", "dice", "precision", "recall")


class MaskPage(ResultPage):
    """IoU, Dice, precision and recall by class, and which class is taken for which, in pixels."""

    template = "results/masks.html"
    headlines = ("mean_iou",)
    examples_file = "examples"
    examples_link = "Examples"
    contents_note = "A picture counts for each class in its mask, so the rows above the last do not add up to it."

    def summarise(self, results: Results) -> dict[str, list[dict[str, Any]]]:
        """Return figures by class; without confusion.csv those that metrics.json has."""
        counts = _count_pixels(results)
        if counts is not None:
            ends = _find_intervals(results)
            rows = score_classes(counts, results.names)
            return {"classes": [{**row, "interval": ends.get(row["class"])} for row in rows]}
        return {
            "classes": [
                {"class": name, **{metric: found.get(metric) for metric in _METRICS}}
                for name, found in results.classes.items()
            ]
        }

    def draw(self, results: Results) -> dict[str, Any]:
        """Return the confusion matrix of pixels, and the classes with the lowest IoU first."""
        drawn: dict[str, Any] = {"worst_first": sort_worst_first(self.summarise(results)["classes"], "iou")}
        counts = _count_pixels(results)
        if counts is not None:
            names = [str(name) for name in results.names]
            pairs = {
                (names[true], names[predicted]): int(count)
                for true, row in enumerate(counts)
                for predicted, count in enumerate(row)
            }
            drawn["matrix"] = shade_matrix(build_matrix(pairs, names))
        return drawn

    def describe_labels(self, names: Sequence[str]) -> str:
        """Return how many classes there are, and their names."""
        return f"one of {len(names)} classes for every pixel: {join_names(names)}"


def score_classes(counts: np.ndarray, names: Sequence[str]) -> list[dict[str, Any]]:
    """Return the figures of every class from a confusion matrix of pixels; None where a figure is not defined.

    `pixel_share` is the share of pixels that have the class, `predicted_share` of those predicted to.
    """
    from kerastune_ft.metrics import segmentation

    scores: Mapping[str, np.ndarray] = segmentation.score_classes(counts)
    total = int(counts.sum())
    return [
        {
            "class": str(name),
            **{metric: _none_if_nan(scores[metric][number]) for metric in _METRICS},
            "pixel_share": int(counts[number].sum()) / total if total else None,
            "predicted_share": int(counts[:, number].sum()) / total if total else None,
        }
        for number, name in enumerate(names)
    ]


def _count_pixels(results: Results) -> np.ndarray | None:
    """Return the confusion matrix of the test split, or None where confusion.csv has no picture of it."""
    counts = _read_pictures(results)[1]
    return None if counts is None else counts.sum(axis=0)


def _read_pictures(results: Results) -> tuple[list[Mapping[str, str]], np.ndarray | None]:
    """Return the rows of the test split in confusion.csv, and their confusion matrices; None without any."""
    rows = [row for row in results.confusion if row["split"] == SPLIT]
    if not rows or not results.names:
        return [], None
    from kerastune_ft.metrics.confusion_table import read_counts

    return rows, read_counts(rows, len(results.names))


def _find_intervals(results: Results) -> Mapping[str, tuple[float, float]]:
    """Return the interval of the IoU by class, where something can be said of it.

    Whole groups are drawn where there are groups; nothing is said where it is not known which picture is of which.
    """
    from kerastune_ft.metrics.intervals.base import find_intervals
    from kerastune_ft.metrics.intervals.segmentation import make_class_sample

    rows, counts = _read_pictures(results)
    groups = None if results.groups is None else [results.groups.get(row["input"], "") for row in rows]
    if counts is None or (groups is not None and not all(groups)):
        return {}
    return find_intervals(make_class_sample(counts, [str(name) for name in results.names]), groups)


def _none_if_nan(value: float) -> float | None:
    return None if value != value else float(value)
