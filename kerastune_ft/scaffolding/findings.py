"""The findings of inspecting data: parts of a configuration, notes, and questions for the user."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from kerastune_ft.config.options.task_facts import facts
from kerastune_ft.wording import first_names

# Classes are weighted if the largest is this many times as large as the smallest.
_IMBALANCE = 3
_NEGATIVE = frozenset(
    re.split(
        r"\s+",
        "normal negative neg healthy benign no none 0 false ok good absent control uninfected background nofinding "
        "clean notumor without",
    )
)
_POSITIVE = frozenset(
    re.split(
        r"\s+",
        "abnormal positive pos diseased disease sick malignant yes 1 true bad present case infected parasitized defect "
        "defective tumor tumour cancer fraud with",
    )
)


@dataclass
class DataFindings:
    """The findings about data, from its names and a sample of its files."""

    task: dict[str, Any]
    """The configuration's `task`, with the reasons as comments."""
    data: dict[str, Any]
    """The configuration's `data`, with the reasons as comments."""
    examples: int
    train: int
    """The number of training examples; approximate if the splits are drawn later."""
    counts: Mapping[str, int]
    """Examples by class or label; empty for numbers."""
    files: Sequence[str] = ()
    """The image, sound or text files, if the data consists of files."""
    prose: TextStatistics | None = None
    """Statistics of the texts, if the examples are texts."""
    seen: list[str] = field(default_factory=list)
    asks: list[str] = field(default_factory=list)
    """Questions that only the user can answer."""

    @property
    def modality(self) -> str:
        """The modality of the examples: `image`, `audio` or `text`."""
        return facts(self.task).modality

    @property
    def is_multi_label(self) -> bool:
        """Whether an example may have several labels."""
        return bool(self.task.get("multi_label"))

    @property
    def is_imbalanced(self) -> bool:
        """Whether some class is much rarer than another."""
        sizes = list(self.counts.values())
        return not self.is_multi_label and len(sizes) > 1 and max(sizes) >= _IMBALANCE * max(1, min(sizes))


def add_with_reason(document: dict[str, Any], key: str, value: Any, reason: str) -> None:
    """Add a key to a document, with a comment above it that gives the reason."""
    document[f"// {key}"] = reason
    document[key] = value


def short_number(value: float) -> float:
    """Return a whole number as int: 10, not 10.0."""
    return int(value) if value == int(value) else value


def classification_task(counts: Mapping[str, int], modality: str = "image") -> dict[str, Any]:
    """Return the `task` for these classes, with the positive class if there are two."""
    task: dict[str, Any] = {"kind": f"{modality}_classification"}
    if len(counts) == 2:
        name, reason = _choose_positive(sorted(counts))
        add_with_reason(task, "positive", name, reason)
    return task


def _choose_positive(names: Sequence[str]) -> tuple[str, str]:
    plain = ["".join(letter for letter in name.casefold() if letter.isalnum()) for name in names]
    for at, other in ((0, 1), (1, 0)):
        if plain[at] in _POSITIVE or (plain[other] in _NEGATIVE and plain[at] not in _NEGATIVE):
            return names[at], f"the class to detect: AUC is measured for it against {names[other]}"
    return names[-1], "AUC is measured for this class; the names do not show which of the two is to be detected"


def add_splits(data: dict[str, Any], counts: Mapping[str, int], group: str | None) -> None:
    """Add shares for drawing splits, stratified by class if all classes are large enough."""
    small = [name for name, count in counts.items() if count < 3]
    shares: dict[str, Any] = {"train": 0.7, "validation": 0.15, "test": 0.15}
    alike = ", with the same share of every class" if counts else ""
    reason = f"drawn at random{alike}; always the same examples"
    if group:
        reason = f"drawn at random; all examples of one {group} are in the same split"
    if small:
        shares["stratify"] = False
        reason = (
            f"drawn at random without regard to class: {first_names(small, 5)} has too few examples for three splits"
        )
    add_with_reason(data, "splits", shares, reason)


@dataclass(frozen=True)
class TextStatistics:
    """Statistics of a sample of texts."""

    distinct: float
    """The share of distinct texts."""
    words: float
    """The mean number of words."""
    median: int
    most: int
    """The number of words that 95 % of them do not exceed."""
    is_foreign: bool
    """Whether many letters are outside the English alphabet."""

    @property
    def length_text(self) -> str:
        """The lengths of the texts, in words."""
        return f"a median of {self.median} words, 95 % have at most {self.most}"
