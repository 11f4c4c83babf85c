"""The layout of metrics.json: figures by split and, for some kinds of labels, figures by class beside them.

Also where the figures of the model before a refit are, which metrics.json has of validation alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

CLASSES = "classes"
"""Beside the splits: by split and class, the figures of that class."""
INTERVALS = "intervals"
"""Beside the splits: by split and metric, the lower and the upper end of its interval of 95 %."""
EXAMPLES = "examples"
"""Beside the splits: by split, of how many examples its metrics are."""
GROUPS = "groups"
"""Beside the splits: by split, of how many groups its examples are, where these are drawn for intervals."""
DETAILS = ("choice", "calibration", "at", "costs", "coverage", "by", "views", "curves", "boxes")
"""What `evaluate --json` has beside these."""
OUT_OF_FOLD = "out_of_fold"
"""In the place of a split: what each example got from models that were not trained on it, in a cross-validation."""
FOLDS = "crossvalidation.json"
"""The file with the figures of every fold, and with their means."""
RELIABILITY = "evaluation/reliability.json"
"""The file with calibration, curves, thresholds and sets of the test split; see `metrics.reliability`."""
BOXES = "evaluation/boxes.json"
"""The file with figures by class and size, curves and confusions of detections on test; see `metrics.box_figures`."""
SAMPLES = "evaluation/samples.json"
"""The file of a run with a few examples as its model answers them before training and after it."""
BEFORE = "evaluation/before.json"
"""The file with the metrics by split of a model that writes, before its first phase."""
SAVED = "evaluation.json"
"""The file with all figures of an evaluation in a directory of the user's."""
SAVED_FILES = (
    SAVED, "predictions.csv", "reliability.csv", "reliability.png", "curves.csv", "curves.png", "subgroups.csv",
    "detections.csv", "truth.csv", "detections.json", "truth.json",
)  # fmt: skip
"""What `evaluate --save` writes, beside examples."""
SAVED_EXAMPLES = ("mistakes", "examples")
"""Folders of examples that it writes, each with a file of the same name that ends with .json."""
REFIT = "refit"
"""The directory of a refit within the run directory, and its key in plan.json and manifest.json."""
REFIT_PLAN = f"{REFIT}/plan.json"
FIRST = f"{REFIT}/first.json"
"""The metrics and intervals of the model before a refit, on test."""
FIRST_PREDICTIONS = f"{REFIT}/first_predictions.csv"
_NO_SPLITS = (CLASSES, INTERVALS, EXAMPLES, GROUPS)


class Figures(dict[str, float]):
    """The metrics of some examples by name, a dict, with what tells how far they can be trusted."""

    def __init__(
        self,
        metrics: Mapping[str, float],
        intervals: Mapping[str, tuple[float, float]],
        examples: int,
        groups: int | None = None,
        details: Mapping[str, Any] | None = None,
    ) -> None:
        """`intervals` has the lower and upper end by metric, `examples` of how many examples the metrics are.

        `groups` is of how many groups these are, None where every one stands for itself; `details` are calibration and
        what was asked beside the metrics, by its name on the command line.
        """
        super().__init__(metrics)
        self.intervals, self.examples = dict(intervals), examples
        self.groups, self.details = groups, dict(details or {})


def metrics_by_split(document: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the metrics of every split, without what stands beside them."""
    return {split: dict(metrics) for split, metrics in document.items() if split not in _NO_SPLITS}


def intervals_by_split(document: Mapping[str, Any]) -> dict[str, dict[str, tuple[float, float]]]:
    """Return the intervals of every split that has some: by metric the lower and the upper end."""
    found = document.get(INTERVALS) or {}
    return {split: {name: (ends[0], ends[1]) for name, ends in own.items()} for split, own in found.items()}


def examples_by_split(document: Mapping[str, Any]) -> dict[str, int]:
    """Return of how many examples the metrics of every split are; empty for runs that did not write it."""
    return dict(document.get(EXAMPLES) or {})


def groups_by_split(document: Mapping[str, Any]) -> dict[str, int]:
    """Return of how many groups the examples of every split are; empty where every one stands for itself."""
    return dict(document.get(GROUPS) or {})


def metrics_by_class(document: Mapping[str, Any], split: str) -> Mapping[str, Mapping[str, Any]]:
    """Return the figures of every class on a split; empty for labels that have none in metrics.json."""
    return (document.get(CLASSES) or {}).get(split) or {}
