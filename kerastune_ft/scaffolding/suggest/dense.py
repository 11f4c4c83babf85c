"""Suggesting backbone and schedule for images with boxes or masks."""

from __future__ import annotations

from typing import Any

from kerastune_ft.scaffolding.findings import DataFindings, add_with_reason
from kerastune_ft.scaffolding.samples import image_statistics
from kerastune_ft.scaffolding.suggest import images
from kerastune_ft.scaffolding.suggest.defaults import HEAD_ALONE, about

_BATCH_SIZE = 8
_PATIENCE = 5
_STRIDE, _LEAST = 32, 96
_LARGEST = {"cpu": 320, "gpu": 640, "tpu": 640}
_WHY_SIZE = "small objects need large images, which take time"
_FLIP = {"preset": "none", "flip": "horizontal"}
_WHY_FLIP = (
    "mirrored objects are objects of the same class, and what they are called is mirrored with them; remove it where "
    "left and right differ, as in texts"
)
_WHY_LATER = "everything, at rates that fall with the distance from the head"


def suggest(findings: DataFindings, wanted: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return the rest of a configuration for images with boxes or masks, after adding what the files need to `data`.

    `wanted` is the backbone that the user names, if any. How images become squares is left to the task's own default.
    """
    sampled = image_statistics.sample(findings.files) if findings.files else None
    if sampled:
        images.set_intensity(findings.data, sampled, findings.asks)
        images.ask_about_unreadable(sampled, findings.asks)
    shared: dict[str, Any] = {"batch_size": _BATCH_SIZE}
    add_with_reason(
        shared,
        "early_stopping",
        {"patience": _PATIENCE},
        "a phase ends when its monitor stops improving; the best epoch is kept",
    )
    backbone = wanted
    if backbone is None:
        backbone = images.backbone(findings, sampled)
        if sampled and sampled.side:
            size = choose_size(sampled.side, _LARGEST[images.device()])
            add_with_reason(
                backbone, "image_size", size, f"{_WHY_SIZE}; the images have a median side of {sampled.side}"
            )
    return {"backbone": backbone, "defaults": shared, "phases": schedule(findings)}


def choose_size(side: int, largest: int) -> int:
    """Return the side of the backbone's images for images of some side: a multiple of the coarsest stride."""
    return max(_LEAST, min(largest, side // _STRIDE * _STRIDE))


def schedule(findings: DataFindings) -> list[dict[str, Any]]:
    """Return the configuration's `phases`: the head alone on stored maps, then everything."""
    head: dict[str, Any] = {
        "name": "head",
        "unfreeze": "none",
        "epochs": 30,
        "learning_rate": {"peak": 0.002, "shape": "cosine", "warmup": 0.05},
        "// augment": f"{_WHY_FLIP}. Both views are stored",
        "augment": {**_FLIP, "views": 2},
    }
    if findings.train < HEAD_ALONE:
        return [{"// name": f"{about(findings.train)}: too few to train more than the new head", **head}]
    later: dict[str, Any] = {
        "// unfreeze": f"{about(findings.train)}: {_WHY_LATER}",
        "name": "all",
        "unfreeze": "all",
        "epochs": 20,
        "learning_rate": {"peak": 0.0005, "shape": "cosine", "warmup": 0.1, "unit_decay": 0.9},
        "augment": dict(_FLIP),
    }
    return [head, later]
