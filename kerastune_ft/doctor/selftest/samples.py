"""The small runs of the selftest: data that are computed, and a model for each kind of layers that matters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

EXAMPLES = 70
TRAINED = "top"
"""The name of the phase in which a run is killed."""
_WORDS = (("dull", "slow", "poor", "the film"), ("bright", "quick", "rich", "the film"))
_OF_EXAMPLES = Path("backbones/weights/mobilenet_v2_035_embedded.safetensors")
# Rates so high that what is computed wrongly shows in the first digits, with which both still learn.
_RATE = {"peak": 0.05, "shape": "cosine", "warmup": 0.2, "unit_decay": 0.5}


@dataclass(frozen=True)
class Sample:
    """A model and its data; `weights` is the file of the package that its backbone begins with, where there is one."""

    name: str
    title: str
    array: str
    """The name of the array of inputs in the file of data."""
    task: str
    backbone: Mapping[str, Any]
    top: Mapping[str, Any]
    """Options of the second phase, besides those that all samples share."""
    weights: Path | None = None

    def document(self, data: Path, runtime: Mapping[str, Any] = MappingProxyType({})) -> dict[str, Any]:
        """Return the configuration of a run on the file of data.

        No size divides another: 49 examples to train on, batches of 10, updates of 20, chunks of 16.
        """
        return {
            "name": f"selftest-{self.name}",
            "seed": 3,
            "task": {"kind": self.task, "classes": ["0", "1"]},
            "data": {"kind": "arrays", "path": str(data), "x": self.array},
            "backbone": dict(self.backbone),
            "head": {"dropout": 0.2},
            "defaults": {"batch_size": 10, "clip_norm": 0.5, "optimizer": {"name": "sgd", "momentum": 0.9}},
            "phases": [
                {"name": "head", "unfreeze": "none", "epochs": 2, "learning_rate": 0.1},
                {"name": TRAINED, "epochs": 3, "learning_rate": _RATE, "accumulate": 2, **self.top},
            ],
            "runtime": dict(runtime),
            "output": {"checkpoint": {"every": {"steps": 2}}},
        }


SAMPLES: tuple[Sample, ...] = (
    Sample(
        "images",
        "MobileNetV2",
        "images",
        "image_classification",
        {"kind": "applications", "name": "MobileNetV2", "weights": "embedded", "image_size": 32},
        {"unfreeze": {"last": 2}, "augment": {"preset": "light", "views": 2}},
        Path(__file__).parents[2] / _OF_EXAMPLES,
    ),
    Sample(
        "texts",
        "BERT, 2 layers",
        "texts",
        "text_classification",
        {
            "kind": "keras_hub",
            "class": "BertBackbone",
            "options": {"num_layers": 2, "num_heads": 2, "hidden_dim": 16, "intermediate_dim": 32, "dropout": 0.1},
        },
        {"unfreeze": {"last": 1}},
    ),
)


def write_data(path: Path) -> Path:
    """Write images and texts of two classes: noise, and noise with a bright square; texts have other words."""
    random = np.random.default_rng(0)
    labels = np.arange(EXAMPLES) % 2
    images = random.integers(0, 120, (EXAMPLES, 32, 32, 3)).astype(np.uint8)
    images[labels == 1, 8:24, 8:24] += 100
    texts = [" ".join(random.choice(_WORDS[label], random.integers(1, 9))) for label in labels]
    np.savez(path, images=images, texts=np.array(texts), y=labels)
    return path
