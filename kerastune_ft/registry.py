"""What kinds there are, by name: the lists of `tasks`, `datasets` and `backbones`, without importing any of them."""

from __future__ import annotations

from typing import Any

from kerastune_ft.config.applications import APPLICATIONS, EMBEDDED
from kerastune_ft.config.availability import available
from kerastune_ft.config.tasks import TASK_KINDS

_TASKS = {
    "image_classification": ("images of several classes", "loss accuracy macro_f1 auc"),
}
_DATASETS = (
    {"name": "blood_smear", "task": "image_classification", "source": "embedded, synthetic", "config": "medical"},
    {"name": "digits", "task": "image_classification", "source": "embedded, scikit-learn's digits", "config": "digits"},
    {
        "name": "any prepared TensorFlow Datasets builder",
        "task": "image_classification",
        "source": "tfds",
        "config": "medical_malaria",
    },
    {"name": "folder of class folders", "task": "image_classification", "source": "folder", "config": ""},
    {"name": ".npz arrays", "task": "image_classification", "source": "arrays", "config": ""},
)


def tasks() -> list[dict[str, Any]]:
    """Return the tasks of this version: kind, what it is, its metrics."""
    kinds = available(("task", "kind"), TASK_KINDS)
    return [{"kind": kind, "for": _TASKS[kind][0], "metrics": _TASKS[kind][1]} for kind in kinds]


def datasets() -> list[dict[str, Any]]:
    """Return where data can come from."""
    return [dict(row) for row in _DATASETS]


def backbones() -> list[dict[str, Any]]:
    """Return every backbone: name, parameters without the top, input size, kinds of weights."""
    return [
        {
            "name": name,
            "kind": "applications",
            "parameters": facts.parameters,
            "image_size": facts.image_size,
            "weights": "imagenet, embedded (alpha 0.35), a path, null"
            if name == EMBEDDED
            else "imagenet, a path, null",
        }
        for name, facts in APPLICATIONS.items()
    ]
