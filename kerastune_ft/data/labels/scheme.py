"""The meaning of a run's labels, as plan.json keeps it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from kerastune_ft.config.options.mask_values import parse_values
from kerastune_ft.config.options.task_facts import LabelKind

# Kinds whose examples have exactly one class, and kinds whose labels are numbers or texts and no classes.
_ONE_CLASS: frozenset[LabelKind] = frozenset({"one"})
_NUMBERS: frozenset[LabelKind] = frozenset({"values", "text"})
_MEANINGS: Mapping[LabelKind, str] = {
    "one": "one class per example",
    "several": "several classes per example",
    "values": "values",
    "mask": "a class for every pixel",
    "boxes": "a box and a class for every object",
    "text": "a text to write",
}


@dataclass(frozen=True)
class LabelScheme:
    """The meaning of labels: one class, any number of classes, values, a class for every pixel, or boxes."""

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
    value_texts: Mapping[int, str] = field(default_factory=dict)
    """For masks, what stands for a raw value in task.classes, where that is not its number; "" where nothing does."""
    most: int = 0
    """For boxes, the most of one picture, rounded up to a multiple of 8."""
    smallest: float = 0.0
    """For boxes, the size that 90 % of the training boxes exceed: the root of the area, as a share of the longer side
    of the picture."""
    here: int = field(default=0, compare=False)
    """For boxes, the most of one picture of other data that the run is used on; it is in no file."""

    def with_room_for(self, most: int) -> LabelScheme:
        """Return the same meaning, with room for at least `most` boxes of a picture."""
        return replace(self, here=most) if most > self.most else self

    @property
    def room(self) -> int:
        """Return how many boxes the target of a picture has room for."""
        return max(self.most, self.here)

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
    def pixel_values(self) -> frozenset[int]:
        """For masks, every value that a pixel can have, those of ranges and of ignored pixels among them."""
        spans = (parse_values(text) for text in self.value_texts.values())
        ranges = {value for span in spans if span is not None and len(span) > 1 for value in span}
        return frozenset({*self.raw_values, *ranges} | ({self.ignore} if self.ignore is not None else set()))

    @property
    def classes_option(self) -> tuple[str, ...] | dict[str, str]:
        """The option task.classes that gives other data of the same form the same classes."""
        texts = {value: self.value_texts.get(value, str(value)) for value in self.raw_values}
        return {text: self.raw_values[value] for value, text in texts.items() if text} or self.names

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
        if self.value_texts:
            document["value_texts"] = {str(value): text for value, text in self.value_texts.items()}
        if self.most:
            document |= {"most": self.most, "smallest": self.smallest}
        return document

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> LabelScheme:
        """Return the scheme of a JSON object."""
        names, mean, deviation = (tuple(document[key]) for key in ("names", "mean", "deviation"))
        raw_values = {int(value): name for value, name in document.get("values", {}).items()}
        texts = {int(value): text for value, text in document.get("value_texts", {}).items()}
        boxes = document.get("most", 0), document.get("smallest", 0.0)
        return cls(document["kind"], names, mean, deviation, raw_values, document.get("ignore"), texts, *boxes)
