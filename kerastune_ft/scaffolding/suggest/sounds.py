"""Suggesting backbone and schedule for sounds, which a model of images sees as spectrograms."""

from __future__ import annotations

from typing import Any

from kerastune_ft.scaffolding.findings import DataFindings
from kerastune_ft.scaffolding.suggest import images
from kerastune_ft.scaffolding.suggest.defaults import HEAD_ALONE, about, defaults, head_phase

_SIZE, _SMALL_SIZE = 128, 64
_INSTEAD = (
    'a network pretrained on sounds does better, if you have one: {"kind": "saved", "path": "yamnet.keras", '
    '"input": "yamnet"}'
)


def suggest(findings: DataFindings, wanted: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return the rest of a configuration for sounds; `wanted` is the backbone that the user names, if any."""
    chosen = backbone(findings) if wanted is None else wanted
    return {"backbone": chosen, "defaults": defaults(findings), "phases": schedule(findings, chosen)}


def backbone(findings: DataFindings) -> dict[str, Any]:
    """Return the configuration's `backbone`."""
    found = images.backbone(findings, None)
    size = _SMALL_SIZE if found["weights"] == "embedded" else _SIZE
    reason = f"{found.pop('// name')}. It sees spectrograms as images; {_INSTEAD}"
    return {"// name": reason, **found, "// image_size": "of the spectrograms", "image_size": size}


def schedule(findings: DataFindings, backbone: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the configuration's `phases`."""
    is_small = backbone.get("weights") == "embedded"
    head = {"name": "head", "unfreeze": "none", "epochs": 5, "learning_rate": 0.01 if is_small else 0.002}
    if findings.train < HEAD_ALONE:
        only = f"{about(findings.train)}: too few to train more than the new head"
        return [{"// name": only, **head, "epochs": head_phase(findings.train)["epochs"]}]
    later = {
        "// unfreeze": "spectrograms are unlike photos, so the whole backbone has to train, its first units the least",
        "name": "all",
        "unfreeze": "all",
        "epochs": 15,
        "learning_rate": {"peak": 0.001, "shape": "cosine", "warmup": 0.1, "unit_decay": 0.9},
    }
    return [head, later]
