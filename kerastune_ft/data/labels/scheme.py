"""The meaning of a run's labels, as plan.json keeps it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from kerastune_ft.config.options.task_facts import LabelKind

# Kinds whose examples have exactly one class, and kinds whose labels are numbers and no classes.
_ONE_CLASS: frozenset[LabelKind] = frozenset({"one"})
_NUMBERS: frozenset[LabelKind] = frozenset({"values"})
_MEANINGS: Mapping[LabelKind, str] = {
    "one": "one class per example",
    "several": "several classes per example",
    "values": "values",
    "mask": "a class for every pixel",
}


@dataclass(frozen=True)
class LabelScheme:
    """The meaning of labels: one class, any number of classes, values, or a class for every pixel."""

    kind: LabelKind
    names: tuple[str, ...]
    """The classes, or the targets, in the order of numbers and outputs."""
    mean: tuple[float, ...] = ()
    deviation: tuple[float, ...] = ()
    """For values, those of the training examples, by which they are standardised while training."""
    raw_values: Mapping[int, str] = field(default_factory=dict)
    """For masks, the name of the class of each raw value of a pixel, in the order of the classes."""
    ignore: int | None = None
    """For masks, the raw value of pixels that belong to no class."""

    @property
    def is_one_class(self) -> bool:
        """Whether each example has exactly one class."""
        return self.kind in _ONE_CLASS

    @property
    def has_classes(self) -> bool:
        """Whether labels are classes, and not values."""
        return self.kind not in _NUMBERS

    @property
    def meaning(self) -> str:
        """The words for such labels in messages."""
        return _MEANINGS[self.kind]

    @property
    def numbers(self) -> dict[int, int]:
        """For masks, the number of the class of each raw value."""
        return {value: self.names.index(name) for value, name in self.raw_values.items()}

    @property
    def classes_option(self) -> tuple[str, ...] | dict[str, str]:
        """The option task.classes that gives other data of the same form the same classes."""
        return {str(value): name for value, name in self.raw_values.items()} or self.names

    def to_json(self) -> dict[str, Any]:
        """Return the scheme as a JSON object."""
        document: dict[str, Any] = {
            "kind": self.kind,
            "names": list(self.names),
            "mean": list(self.mean),
            "deviation": list(self.deviation),
        }
        if self.raw_values:
            document["values"] = {str(value): name for value, name in self.raw_values.items()}
            document["ignore"] = self.ignore
        return document

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> LabelScheme:
        """Return the scheme of a JSON object."""
        names, mean, deviation = (tuple(document[key]) for key in ("names", "mean", "deviation"))
        raw_values = {int(value): name for value, name in document.get("values", {}).items()}
        return cls(document["kind"], names, mean, deviation, raw_values, document.get("ignore"))
