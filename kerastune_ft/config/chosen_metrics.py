"""The metrics that `task.metrics` adds, and why one does not fit some labels."""

from __future__ import annotations

from collections.abc import Mapping

from kerastune_ft.config.options.task_facts import LabelKind, chosen_metrics
from kerastune_ft.config.words import unknown_message

_LEAST_FOR_BEST_FIVE = 6
# Metrics of other kinds of labels, and what to do instead.
_ELSEWHERE: Mapping[tuple[LabelKind, str], str] = {
    ("several", "average_precision"): "mean_average_precision is measured already; remove it",
    ("several", "kappa"): "with multi_label there is no agreement of one class with another; remove it",
    ("several", "top_5_accuracy"): "with multi_label any number of classes applies; remove it",
}


def explain_unfit(metric: str, labels: LabelKind, classes: int | None = None) -> str | None:
    """Return why a metric cannot be added for labels of a kind; None where it can.

    `classes` is the number of classes, None where it is not known yet.
    """
    known = chosen_metrics(labels)
    if metric not in known:
        if (labels, metric) in _ELSEWHERE:
            return _ELSEWHERE[labels, metric]
        return unknown_message(metric, known, "metric")[0]
    if classes is None or metric not in _LIMITS.get(labels, {}):
        return None
    least, most, why = _LIMITS[labels][metric]
    return None if least <= classes <= most else why.format(classes=classes)


_OF_TWO = "it is the share of one of two classes, and there are {classes}; write balanced_accuracy, or remove it"
_LIMITS: Mapping[LabelKind, Mapping[str, tuple[int, float, str]]] = {
    "one": {
        "sensitivity": (2, 2, _OF_TWO),
        "specificity": (2, 2, _OF_TWO),
        "top_5_accuracy": (
            _LEAST_FOR_BEST_FIVE,
            float("inf"),
            "of {classes} classes the right one is always among five; remove it",
        ),
    }
}
