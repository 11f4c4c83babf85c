"""The default run to strike: small, and with everything that resuming could get wrong."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from faults.subjects import SUBJECTS


def write(folder: Path, strategy: str, *, sample: str = "images", is_brief: bool = False) -> Path:
    """Write the examples of one of SAMPLES and the configuration that trains on them; return its path.

    A brief one is two phases of one epoch and two.
    """
    path = folder / "chaos.json"
    made = SAMPLES[sample](folder, strategy)
    if is_brief:
        del made["defaults"]["early_stopping"], made["refit"]
        made["phases"] = [{**phase, "epochs": number + 1} for number, phase in enumerate(made["phases"][:2])]
    path.write_text(json.dumps(made, indent=1))
    return path


def document(folder: Path, strategy: str) -> dict[str, Any]:
    """Return the configuration: four phases and their refit with whatever holds state that a resumed run must find.

    Each stores features: plain ones, two views, of the validation alone beside fresh augmentation, and later cuts.
    """
    phases = [
        {"name": "head", "unfreeze": "none", "epochs": 4, "learning_rate": 0.02, "cache": "required"},
        {
            "name": "views",
            "unfreeze": {"last": 1},
            "epochs": 3,
            "learning_rate": 0.005,
            "augment": {"preset": "light", "views": 2},
            "mixup": 0.3,
            "loss": {"name": "focal", "gamma": 1.0},
            "cache": "required",
        },
        {
            "name": "top",
            "unfreeze": {"last": 2},
            "epochs": 4,
            "learning_rate": {
                "peak": 0.003,
                "shape": "one_cycle",
                "unit_decay": 0.5,
                "momentum": [0.95, 0.85, 0.95],
            },
            "accumulate": 2,
            "augment": "light",
            "cutmix": 1.0,
            "carry_optimizer": True,
            "keep_if_better": True,
            "image_size": [40, 48],
        },
        {
            "name": "more",
            "unfreeze": {"last": 3},
            "epochs": 2,
            # It diverges at once, and begins again at a rate of 0.001.
            "learning_rate": {"peak": 1e27, "unit_decay": 0.7},
            "on_divergence": {"retry": 1, "factor": 1e-30},
            "augment": "medium",
            "start_from": "last",
            "batch_norm": "train",
            "ema": 0.9,
            "l2_sp": 0.1,
        },
    ]
    return _make_document("images", folder, strategy, phases)


def text_document(folder: Path, strategy: str) -> dict[str, Any]:
    """Return the configuration of a tiny BERT: head, adapters, a layer with them in place, all, the head by a solver.

    Texts have lengths of several buckets, and what is frozen is stored for each of them.
    """
    phases = [
        {"name": "head", "unfreeze": "none", "epochs": 3, "learning_rate": 0.02, "cache": "required"},
        {
            "name": "adapters",
            "unfreeze": {"last": 1},
            "epochs": 3,
            "learning_rate": 0.01,
            "lora": {"rank": 2},
            "cache": "required",
            "ema": 0.5,
        },
        {
            "name": "top",
            "unfreeze": {"last": 1},
            "epochs": 3,
            "learning_rate": {"peak": 0.003, "shape": "cosine", "warmup": 0.2},
            "accumulate": 2,
        },
        {
            "name": "all",
            "unfreeze": "all",
            "epochs": 2,
            "learning_rate": {"peak": 0.001, "unit_decay": 0.7},
            "start_from": "last",
        },
        {"name": "solved", "unfreeze": "none", "epochs": 100, "optimizer": {"name": "lbfgs", "l2": 0.01}},
    ]
    return _make_document("texts", folder, strategy, phases)


def box_document(folder: Path, strategy: str) -> dict[str, Any]:
    """Return the configuration of a detector: stored flips of which boxes follow, units on fresh ones, more of them."""
    flips = {"preset": "none", "flip": "both", "views": 2}
    phases = [
        {"name": "head", "unfreeze": "none", "epochs": 3, "learning_rate": 0.01, "augment": flips, "cache": "required"},
        {
            "name": "top",
            "unfreeze": {"last": 1},
            "epochs": 2,
            "learning_rate": {"peak": 0.003, "shape": "cosine", "warmup": 0.2},
            "accumulate": 2,
            "augment": "light",
            "class_weights": "balanced",
            "ema": 0.5,
        },
        {
            "name": "more",
            "unfreeze": {"last": 2},
            "epochs": 2,
            "learning_rate": {"peak": 0.001, "unit_decay": 0.7},
            "start_from": "last",
            "batch_norm": "train",
        },
    ]
    return _make_document("boxes", folder, strategy, phases)


def input_document(folder: Path, strategy: str) -> dict[str, Any]:
    """Return the configuration of pictures beside texts, numbers and words: two backbones, each with its own store."""
    phases = [
        {"name": "head", "unfreeze": "none", "epochs": 3, "learning_rate": 0.01, "cache": "required"},
        {"name": "tops", "unfreeze": {"last": 1}, "epochs": 2, "learning_rate": 0.003, "accumulate": 2, "ema": 0.5},
        {
            "name": "texts",
            "unfreeze": {"match": ["text.*"]},
            "epochs": 2,
            "learning_rate": {"peak": 0.001, "unit_decay": 0.7},
            "augment": "light",
            "start_from": "last",
        },
    ]
    return _make_document("inputs", folder, strategy, phases)


def talk_document(folder: Path, strategy: str) -> dict[str, Any]:
    """Return the configuration of a language model: stored blocks, adapters, all, epochs chosen by drawn answers."""
    return _make_document("talk", folder, strategy, _list_writing("validation_rouge_l"))


def speech_document(folder: Path, strategy: str) -> dict[str, Any]:
    """Return the configuration of a Whisper, whose encoder is stored: phases as those of `talk_document`."""
    return _make_document("speech", folder, strategy, _list_writing("validation_word_error_rate"))


def summary_document(folder: Path, strategy: str) -> dict[str, Any]:
    """Return the configuration of a BART, whose encoder is stored: phases as those of `talk_document`."""
    return _make_document("summaries", folder, strategy, _list_writing("validation_rouge_l"))


def _list_writing(monitor: str) -> list[dict[str, Any]]:
    """Return the phases of a model that writes; epochs of the second are chosen by what is measured on answers."""
    return [
        {"name": "last", "unfreeze": {"last": 1}, "epochs": 3, "learning_rate": 0.01, "cache": "required"},
        {
            "name": "adapters",
            "unfreeze": {"last": 2},
            "epochs": 2,
            "learning_rate": 0.01,
            "lora": {"rank": 2},
            "cache": "required",
            "monitor": monitor,
            "keep_if_better": True,
        },
        {
            "name": "all",
            "unfreeze": "all",
            "epochs": 2,
            "learning_rate": {"peak": 0.003, "unit_decay": 0.7},
            "accumulate": 2,
            "start_from": "last",
            "ema": 0.5,
        },
    ]


def _make_document(subject: str, folder: Path, strategy: str, phases: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "name": "chaos",
        "seed": 5,
        **SUBJECTS[subject].sections(folder),
        "defaults": {"batch_size": 10, "clip_norm": 0.5, "early_stopping": {"patience": 1}},
        "phases": phases,
        "refit": True,
        "runtime": choose_replicas(strategy),
        "output": {"checkpoint": {"every": {"steps": 2}}},
    }


def choose_replicas(strategy: str) -> dict[str, Any]:
    """Return the section `runtime` of a strategy; a mirrored one has two replicas."""
    return {"strategy": strategy, "replicas": 2} if strategy == "mirrored" else {"strategy": "none"}


SAMPLES: Mapping[str, Callable[[Path, str], dict[str, Any]]] = {
    "images": document,
    "texts": text_document,
    "boxes": box_document,
    "inputs": input_document,
    "talk": talk_document,
    "summaries": summary_document,
    "speech": speech_document,
}
