"""What was seen in data: the parts of a configuration that follow from it, and what a person should know."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from kerastune_ft.config.options.task_facts import facts
from kerastune_ft.wording import first_names

# A class is rare enough to be weighted when the largest is this many times as large.
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
    """What data holds, as far as names and a sample of its files tell."""

    task: dict[str, Any]
    """The configuration's `task`, with the reasons as comments."""
    data: dict[str, Any]
    """The configuration's `data`, with the reasons as comments."""
    examples: int
    train: int
    """How many of the examples train, or about how many where the splits are yet to be drawn."""
    counts: Mapping[str, int]
    """Examples by class, or by label where one has several; empty for numbers."""
    files: Sequence[str] = ()
    """The image or sound files, where the data are files."""
    prose: TextStatistics | None = None
    """The measures of the texts, where the data are texts."""
    seen: list[str] = field(default_factory=list)
    asks: list[str] = field(default_factory=list)
    """What only the user can decide."""

    @property
    def modality(self) -> str:
        """Return what the examples are: `image`, `audio` or `text`."""
        return facts(self.task).modality

    @property
    def is_multi_label(self) -> bool:
        """Return whether an example may have several labels."""
        return bool(self.task.get("multi_label"))

    @property
    def is_imbalanced(self) -> bool:
        """Return whether some class is much rarer than another."""
        sizes = list(self.counts.values())
        return not self.is_multi_label and len(sizes) > 1 and max(sizes) >= _IMBALANCE * max(1, min(sizes))


def add_with_reason(document: dict[str, Any], key: str, value: Any, reason: str) -> None:
    """Add a key with its reason above it."""
    document[f"// {key}"] = reason
    document[key] = value


def whole(value: float) -> float:
    """Return a number as a person writes it: 10, not 10.0."""
    return int(value) if value == int(value) else value


def classification(counts: Mapping[str, int], modality: str = "image") -> dict[str, Any]:
    """Return the task of telling these classes apart, with the class of binary metrics where there are two."""
    task: dict[str, Any] = {"kind": f"{modality}_classification"}
    if len(counts) == 2:
        name, reason = _positive(sorted(counts))
        add_with_reason(task, "positive", name, reason)
    return task


def _positive(names: Sequence[str]) -> tuple[str, str]:
    plain = ["".join(letter for letter in name.casefold() if letter.isalnum()) for name in names]
    for at, other in ((0, 1), (1, 0)):
        if plain[at] in _POSITIVE or (plain[other] in _NEGATIVE and plain[at] not in _NEGATIVE):
            return names[at], f"what is looked for: AUC is that of this class against {names[other]}"
    return names[-1], "AUC is that of this class; nothing in the names told which one is looked for"


def divide(data: dict[str, Any], counts: Mapping[str, int], group: str | None) -> None:
    """Add the splits to draw: shares, every class divided alike where the classes are large enough."""
    small = [name for name, count in counts.items() if count < 3]
    shares: dict[str, Any] = {"train": 0.7, "validation": 0.15, "test": 0.15}
    alike = ", every class alike" if counts else ""
    reason = f"drawn at random{alike}; the same examples each time"
    if group:
        reason = f"drawn at random, all examples of one {group} in the same split"
    if small:
        shares["stratify"] = False
        reason = f"drawn at random without regard to class: {first_names(small, 5)} cannot be divided in three"
    add_with_reason(data, "splits", shares, reason)


@dataclass(frozen=True)
class TextStatistics:
    """The measures of a sample of texts."""

    distinct: float
    """The share of them that differ."""
    words: float
    """How many words they have on average."""
    median: int
    most: int
    """How many words 95 % of them have at most."""
    is_foreign: bool
    """Whether many letters are none of the English alphabet."""

    @property
    def described(self) -> str:
        """Return how long the texts are."""
        return f"a median of {self.median} words, 95 % have at most {self.most}"
