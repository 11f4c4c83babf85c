"""The contract between the report and the kinds of labels: how a page shows results on the test split."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar, NamedTuple

SPLIT = "test"
"""The split that the page shows in detail."""

_NAMES_SHOWN = 8


class Results(NamedTuple):
    """The predictions of a run as its files hold them; empty where a file does not exist yet."""

    predictions: Sequence[Mapping[str, str]] = ()
    """The rows of predictions.csv, of all splits."""
    names: Sequence[str] = ()
    """The classes or targets, in order."""
    means: Sequence[float] = ()
    """The means of the targets over the training examples."""
    thresholds: Mapping[str, float] = {}
    """The probability from which a class is predicted, by class."""
    confusion: Sequence[Mapping[str, str]] = ()
    """The rows of confusion.csv, of all splits: pixels by true and predicted class."""
    groups: Mapping[str, str] | None = None
    """The group of every input where examples are grouped; None where they are not."""
    classes: Mapping[str, Mapping[str, Any]] = {}
    """The figures of every class on the test split, from metrics.json."""
    boxes: Mapping[str, Any] = {}
    """What evaluation/boxes.json says of detections and true boxes of the test split; see `metrics.box_figures`."""
    samples: Sequence[Mapping[str, str]] = ()
    """A few examples of validation as the model answers them `before` training and `after` it."""


class ResultPage(ABC):
    """The part of the report that shows results of one kind of labels; `template` draws what the methods return."""

    template: ClassVar[str]
    """The file with the macros `test_split`, `examples` and `metrics_note`."""
    headlines: ClassVar[tuple[str, ...]]
    """The metrics that say whether the model has learnt anything, the most telling one first."""
    columns: ClassVar[tuple[str, ...]] = ()
    """The beginnings of the columns of predictions.csv that are needed beside those that every page needs."""
    title: ClassVar[str] = ""
    """Words after the name of the task at the top of the page."""
    examples_file: ClassVar[str] = "mistakes"
    """The examples that are shown: a list of this name in evaluation/, and a folder with their pictures."""
    examples_link: ClassVar[str] = "Mistakes"
    """The text of the link to the examples at the top of the page."""
    contents_note: ClassVar[str] = ""
    """A sentence that readers of the table of the splits need."""

    @abstractmethod
    def summarise(self, results: Results) -> dict[str, list[dict[str, Any]]]:
        """Return figures of the test split in detail: some of the tables `classes`, `confused` and `targets`."""

    @abstractmethod
    def draw(self, results: Results) -> dict[str, Any]:
        """Return what the template draws beside the figures; empty without predictions."""

    @abstractmethod
    def describe_labels(self, names: Sequence[str]) -> str:
        """Return in one line what an example's label is."""

    def count_without_label(self, splits: Iterable[Mapping[str, str]]) -> dict[str, int]:
        """Return by split how many examples have no label, from rows of splits.csv; empty where every one has."""
        return {}


def join_names(names: Sequence[str]) -> str:
    """Return the first names, separated by commas, and a mark where there are more."""
    return ", ".join(names[:_NAMES_SHOWN]) + (", …" if len(names) > _NAMES_SHOWN else "")


def sort_worst_first(rows: Sequence[Mapping[str, Any]], metric: str) -> list[Mapping[str, Any]]:
    """Return rows by rising metric; last those of classes without an example, and those without a value."""
    return sorted(rows, key=lambda row: (row[metric] is None or row.get("support") == 0, row[metric] or 0.0))


def divide(part: int, whole: int) -> float | None:
    """Return a share, or None of nothing."""
    return part / whole if whole else None
