"""What a comparison of answers finds, and the table of comparisons by kind of label."""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from kerastune_ft.data.labels.scheme import LabelScheme

Answer = Mapping[str, Any]
"""What predict.py prints for one input."""


@dataclass(frozen=True)
class Flip:
    """A sample to which run and export give different labels."""

    sample: str
    run: str
    export: str
    gap: float
    """How close the run's two best answers lie, or the probability that decides lies to its threshold."""

    def to_json(self) -> dict[str, Any]:
        """Return the flip as a JSON object."""
        return {"sample": self.sample, "run": self.run, "export": self.export, "gap": self.gap}


@dataclass(frozen=True)
class Compared:
    """The answers of an export beside those of its run, on the same samples."""

    differences: np.ndarray
    """For each sample, how far the export's answer is from the run's, float64."""
    unit: str
    """What the differences are measured in, such as `of a probability`."""
    flips: Sequence[Flip] | None
    """The samples with another label; None where answers are no labels."""
    score: str
    """The name of the figure that both are scored with against the labels of the samples."""
    of_run: float
    of_export: float
    distance: float | None = None
    """The largest difference of a distance to the training examples; None where the run has none."""
    is_error: bool = False
    """Whether the score is an error, which is better where it is smaller."""
    unknown: int = 0
    """How many samples only one of both calls unknown."""
    scale: float = 1.0
    """How many times the tolerance of probabilities applies: other differences do not end at 1."""
    flip: str = "another label than the run where the best two are more than {tolerance:g} apart"
    """What the export gives where a flip counts, as a format of the tolerance."""
    least_tolerance: float = 0.0
    """The smallest tolerance that differences of this kind have in any format, since they come in steps."""

    @property
    def largest(self) -> float:
        """Return the largest difference; infinity where one is no number."""
        return float(np.max(np.where(np.isnan(self.differences), np.inf, self.differences), initial=0.0))


@dataclass(frozen=True)
class Samples:
    """The samples that both answered."""

    names: Sequence[str]
    truths: Sequence[Any]
    """Their labels, in the form of the data source: see the comparison of each kind."""
    thresholds: Sequence[float] | None = None
    """The probability from which each class applies in the run, where several may."""
    unknown: float | None = None
    """The distance above which the run calls a sample unknown, where it does."""


class Comparison(Protocol):
    """A module that compares answers of one kind."""

    def compare(
        self, scheme: LabelScheme, samples: Samples, rows: Sequence[Mapping[str, Any]], answers: Sequence[Answer]
    ) -> Compared:
        """Return what a comparison finds: `rows` are those of the run's predictions, `answers` those of predict.py."""


_COMPARISONS: Mapping[str, str] = {
    "one": "kerastune_ft.exporting.answers.one_class",
    "several": "kerastune_ft.exporting.answers.several_classes",
    "values": "kerastune_ft.exporting.answers.values",
    "mask": "kerastune_ft.exporting.answers.masks",
    "boxes": "kerastune_ft.exporting.answers.boxes",
}


def load_comparison(kind: str) -> Comparison:
    """Return the comparison of answers of a kind of label."""
    module: Any = importlib.import_module(_COMPARISONS[kind])
    return module
