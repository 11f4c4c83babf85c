"""What the labels of a run mean, as plan.json keeps it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kerastune_ft.config.options.task_facts import LabelKind


@dataclass(frozen=True)
class LabelScheme:
    """What labels mean: classes of which one applies or several may, or values to be predicted."""

    kind: LabelKind
    names: tuple[str, ...]
    """The classes, or the targets, in the order of numbers and outputs."""
    mean: tuple[float, ...] = ()
    deviation: tuple[float, ...] = ()
    """Of values: those of the training examples, by which they are standardised while training."""

    def to_json(self) -> dict[str, Any]:
        """Return the scheme as a JSON object."""
        return {
            "kind": self.kind,
            "names": list(self.names),
            "mean": list(self.mean),
            "deviation": list(self.deviation),
        }

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> LabelScheme:
        """Return the scheme of a JSON object."""
        names, mean, deviation = (tuple(document[key]) for key in ("names", "mean", "deviation"))
        return cls(document["kind"], names, mean, deviation)
