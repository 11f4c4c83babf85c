"""The schedule that all sides of a comparison train: the same model, data, phases, batches and rates."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

BACKBONE = "MobileNet"


@dataclass(frozen=True)
class Schedule:
    """Two phases on a folder of images: the head on a frozen MobileNet, then its last units at a lower rate."""

    weights: Path
    alpha: float
    image_size: int
    head_epochs: int
    """0 leaves the phase out."""
    top_epochs: int
    last: int | Literal["all"] = 3
    """The units that train in the second phase."""
    batch_size: int = 32
    head_rate: float = 1e-3
    top_rate: float = 1e-4
    dropout: float = 0.2

    @property
    def name(self) -> str:
        """Return the name of the model for captions."""
        return f"{BACKBONE} {self.alpha:g} at {self.image_size} px"

    def config(self, data: Path, seed: int) -> dict[str, Any]:
        """Return the configuration a user of kerastune_ft would write for it."""
        head = {"name": "head", "unfreeze": "none", "epochs": self.head_epochs, "learning_rate": self.head_rate}
        unfreeze = "all" if self.last == "all" else {"last": self.last}
        top = {"name": "top", "unfreeze": unfreeze, "epochs": self.top_epochs, "learning_rate": self.top_rate}
        return {
            "name": "benchmark",
            "seed": seed,
            "task": {"kind": "image_classification"},
            "data": {"kind": "folder", "path": str(data)},
            "backbone": {
                "kind": "applications",
                "name": BACKBONE,
                "weights": str(self.weights),
                "image_size": self.image_size,
                "options": {"alpha": self.alpha},
            },
            "head": {"dropout": self.dropout},
            "defaults": {
                "optimizer": "adam",
                "weight_decay": 0.0,
                "batch_size": self.batch_size,
                "batch_norm": "frozen",
            },
            "phases": [head, top] if self.head_epochs else [top],
        }

    def options(self, data: Path, seed: int) -> list[str]:
        """Return the same schedule as options of the hand-written scripts."""
        return [
            *(
                "--data",
                str(data),
                "--weights",
                str(self.weights),
                "--alpha",
                str(self.alpha),
                "--image-size",
                str(self.image_size),
            ),
            *("--batch-size", str(self.batch_size), "--dropout", str(self.dropout), "--seed", str(seed)),
            *("--top-epochs", str(self.top_epochs), "--top-rate", str(self.top_rate)),
        ]
