"""What a check finds: kinds of findings, each with examples and what to do about them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

EXACT, NEAR, CONFLICTS, LABELS = "exact_copies", "near_copies", "conflicts", "label_errors"
OUTLIERS, CONSTANT, SIZES, DAMAGED = "outliers", "constant", "odd_sizes", "damaged"
IMBALANCE, GROUPS, GROUP_COPIES = "imbalance", "shared_groups", "copies_between_groups"
DOUBLE, ODD_BOXES, BARE = "double_boxes", "odd_boxes", "without_boxes"
ANSWERS, PROMPTS, ECHOES = "several_answers", "like_prompts", "echoes"
PARTS, MISSING, SAME, FAR = "shared_parts", "missing_values", "constant_columns", "far_numbers"
OF_WRITTEN = frozenset((ANSWERS, PROMPTS, ECHOES))
"""The kinds of texts that are written for others."""
OF_COLUMNS = frozenset((MISSING, SAME, FAR))
"""The kinds of columns of numbers and words."""
TITLES: Mapping[str, str] = {
    EXACT: "exact copies",
    NEAR: "near copies",
    CONFLICTS: "copies with different labels",
    LABELS: "likely label errors",
    GROUPS: "groups in several splits",
    GROUP_COPIES: "copies in different groups",
    PARTS: "parts in several splits",
    DAMAGED: "cannot be read",
    CONSTANT: "show or say nothing",
    DOUBLE: "objects with two boxes",
    SIZES: "odd sizes",
    ODD_BOXES: "odd boxes",
    BARE: "without boxes",
    OUTLIERS: "unlike all others",
    MISSING: "missing values",
    SAME: "columns that tell nothing",
    FAR: "numbers far from the others",
    IMBALANCE: "rare classes",
    ANSWERS: "prompts with several answers",
    PROMPTS: "nearly the same prompts",
    ECHOES: "answers that repeat the prompt",
}
"""By kind, its name in tables, in the order of the table."""
FAULTS = frozenset((EXACT, NEAR, CONFLICTS, LABELS, GROUPS, GROUP_COPIES, PARTS, DAMAGED, CONSTANT, DOUBLE))
"""The kinds that `--strict` ends with exit code 3 for; the others may well be as they should."""


@dataclass(frozen=True)
class Row:
    """One thing that was found: an example, or several that belong together."""

    positions: tuple[int, ...]
    words: str
    suggested: str = ""
    """The label that is likelier than the one given."""
    figure: float | None = None
    """The likeness of copies, or the doubt about a label."""


@dataclass(frozen=True)
class Finding:
    """All of one kind that was found."""

    kind: str
    count: int
    detail: str
    """What of it matters most, as how many copies lie in several splits."""
    advice: str
    rows: Sequence[Row] = ()

    @property
    def title(self) -> str:
        """Return the name of its kind."""
        return TITLES[self.kind]

    @property
    def is_fault(self) -> bool:
        """Return whether something is wrong with the data for certain or likely."""
        return self.kind in FAULTS


@dataclass(frozen=True)
class Exclusions:
    """The examples that may be left out, each with why."""

    reasons: Mapping[int, str] = field(default_factory=dict)
    """By position, in words."""
    kinds: Mapping[int, str] = field(default_factory=dict)

    @property
    def positions(self) -> list[int]:
        """Return them in order."""
        return sorted(self.reasons)


@dataclass(frozen=True)
class Example:
    """An example as findings name it."""

    key: str
    split: str
    label: str
    group: str | None
    content: str
    label_content: str = ""
    """What the label follows from where its text does not say it all, such as the hash of a mask."""
    is_written: bool = False
    """Whether the label is a text that somebody wrote, which nothing says without names."""

    def agrees_with(self, other: Example) -> bool:
        """Return whether another example has the same label."""
        return (self.label_content or self.label) == (other.label_content or other.label)

    def to_json(self, with_names: bool) -> dict[str, Any]:
        """Return it as a JSON object; without names nothing says which file or person it is of."""
        named = {"input": self.key} if with_names else {}
        grouped = {"group": self.group} if with_names and self.group is not None else {}
        label = self.label if with_names or not self.is_written else ""
        return {**named, "split": self.split, "label": label, **grouped}


@dataclass(frozen=True)
class Inspection:
    """All that a check of data found."""

    name: str
    noun: str
    examples: Sequence[Example]
    findings: Sequence[Finding]
    exclusions: Exclusions
    not_looked_for: Sequence[str]
    """Sentences on what this data cannot be checked for."""
    about: Mapping[str, Any]
    """How it was looked for: backbone, features, thresholds, seconds."""
    unsought: Collection[str] = ()
    """Kinds of findings that were not looked for, as doubtful labels among masks."""

    def find(self, kind: str) -> Finding | None:
        """Return the finding of a kind, None where there is none."""
        return next((each for each in self.findings if each.kind == kind), None)

    @property
    def faults(self) -> list[Finding]:
        """Return the findings for which `--strict` fails."""
        return [each for each in self.findings if each.is_fault]
