"""What kinds there are, by name: the lists of `tasks`, `datasets` and `backbones`, without importing any of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kerastune_ft.config.applications import APPLICATIONS, EMBEDDED
from kerastune_ft.config.availability import available
from kerastune_ft.config.hub_families import BY_CLASS, HUB_FAMILIES
from kerastune_ft.config.tasks import MULTI_LABEL_METRICS, REGRESSION_METRICS, TASK_KINDS

_TASKS = {
    "image_classification": (
        "images of one of several classes, or with multi_label of any number of them",
        " ".join(MULTI_LABEL_METRICS[:-1]) + f" (multi_label: {MULTI_LABEL_METRICS[-1]} too)",
    ),
    "image_regression": ("images and one or several numbers", " ".join(REGRESSION_METRICS)),
    "audio_classification": (
        "sounds of one of several classes, or with multi_label of any number of them",
        " ".join(MULTI_LABEL_METRICS[:-1]) + f" (multi_label: {MULTI_LABEL_METRICS[-1]} too)",
    ),
    "text_classification": (
        "texts, or pairs of them, of one of several classes, or with multi_label of any number of them",
        " ".join(MULTI_LABEL_METRICS[:-1]) + f" (multi_label: {MULTI_LABEL_METRICS[-1]} too)",
    ),
    "text_regression": ("texts, or pairs of them, and one or several numbers", " ".join(REGRESSION_METRICS)),
}
_DATASETS = (
    {"name": "blood_smear", "task": "image_classification", "source": "embedded, synthetic", "config": "medical"},
    {"name": "digits", "task": "image_classification", "source": "embedded, scikit-learn's digits", "config": "digits"},
    {"name": "reviews", "task": "text_classification", "source": "embedded, synthetic", "config": "smoke/sentiment"},
    {
        "name": "sentence_pairs",
        "task": "text_regression",
        "source": "embedded, synthetic",
        "config": "smoke/sentences_similarity",
    },
    {
        "name": "chirps",
        "task": "audio_classification",
        "source": "embedded, synthetic",
        "config": "smoke/voice_commands",
    },
    {
        "name": "any prepared TensorFlow Datasets builder",
        "task": "image_classification, text_classification, text_regression, audio_classification",
        "source": "tfds",
        "config": "medical_malaria",
    },
    {
        "name": "folder of class folders of WAV",
        "task": "audio_classification",
        "source": "folder",
        "config": "",
    },
    {"name": "table of WAV files and labels", "task": "audio_classification", "source": "table", "config": ""},
    {"name": ".npz arrays of samples", "task": "audio_classification", "source": "arrays", "config": ""},
    {"name": "folder of class folders", "task": "image_classification", "source": "folder", "config": ""},
    {
        "name": "table of file names and labels",
        "task": "image_classification, image_regression",
        "source": "table",
        "config": "",
    },
    {"name": ".npz arrays", "task": "image_classification, image_regression", "source": "arrays", "config": ""},
    {
        "name": "table of texts and labels",
        "task": "text_classification, text_regression",
        "source": "table",
        "config": "",
    },
    {"name": "folder of class folders of .txt", "task": "text_classification", "source": "folder", "config": ""},
    {"name": ".npz of strings", "task": "text_classification, text_regression", "source": "arrays", "config": ""},
)

_TAKEN = {"image": "images", "text": "texts", "audio": "sounds"}


def tasks() -> list[dict[str, Any]]:
    """Return the tasks of this version: kind, what it is, its metrics."""
    kinds = available(("task", "kind"), TASK_KINDS)
    return [{"kind": kind, "for": _TASKS[kind][0], "metrics": _TASKS[kind][1]} for kind in kinds]


def datasets() -> list[dict[str, Any]]:
    """Return where data can come from."""
    return [dict(row) for row in _DATASETS]


def backbones(fitting: Sequence[str] = ()) -> list[dict[str, Any]]:
    """Return every backbone, those named in `fitting` first and marked by their place there.

    Name, what it takes, and the words that `weights` takes besides a path and null; of applications also parameters
    without the top, image size, top-1 accuracy on ImageNet where Keras documents it, and licence of those weights.
    """
    rows: list[dict[str, Any]] = [
        {
            "name": name,
            "kind": "applications",
            "takes": _TAKEN["image"],
            "parameters": facts.parameters,
            "image_size": facts.image_size,
            "top_1": facts.top_1,
            "license": facts.license,
            "weights": ["imagenet", "embedded"] if name == EMBEDDED else ["imagenet"],
        }
        for name, facts in APPLICATIONS.items()
    ]
    rows += [
        {
            "name": name,
            "kind": "keras_hub",
            "takes": _TAKEN[family.modality],
            "weights": ["preset", "random"] if name in BY_CLASS else ["preset"],
        }
        for name, family in HUB_FAMILIES.items()
    ]
    if not fitting:
        return rows
    place = {name: number for number, name in enumerate(fitting, start=1)}
    marked = [{"fits": place.get(row["name"]), **row} for row in rows]
    return sorted(marked, key=lambda row: row["fits"] or len(rows))
