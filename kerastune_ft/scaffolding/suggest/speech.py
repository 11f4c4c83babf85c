"""Suggesting backbone and schedule for speech that is written down."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from kerastune_ft.backbones.hub import presets
from kerastune_ft.errors import ConfigError
from kerastune_ft.scaffolding.findings import DataFindings
from kerastune_ft.scaffolding.suggest import images
from kerastune_ft.scaffolding.suggest.defaults import about

HANDLES: Mapping[str, str] = MappingProxyType(
    {
        "whisper_tiny_en": "kaggle://keras/whisper/keras/whisper_tiny_en/4",
        "whisper_base_en": "kaggle://keras/whisper/keras/whisper_base_en/4",
    }
)
"""The presets to choose from, with their keras-hub handles."""
_BY_DEVICE = MappingProxyType({"cpu": "whisper_tiny_en", "gpu": "whisper_base_en", "tpu": "whisper_base_en"})
_MANY = 2_000


def suggest(findings: DataFindings, wanted: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return the rest of a configuration for sounds with transcripts; `wanted` is the user's backbone, if any."""
    chosen = wanted or backbone(findings)
    return {"backbone": chosen, "defaults": {"batch_size": 8}, "phases": schedule(findings, chosen)}


def backbone(findings: DataFindings) -> dict[str, Any]:
    """Return `backbone`: a preset of Whisper if it can be had, else a small model with random weights."""
    name = _BY_DEVICE[images.device()]
    try:
        place = presets.locate(name, {name: {"kaggle_handle": HANDLES[name]}})
    except ConfigError:
        reason = (
            f"small and with random weights, so it learns little: {name} is neither in Kaggle's cache nor reachable "
            f'from here. If you can get it, or have a directory with a preset, write "preset": "{name}" (or the '
            "directory) instead of class"
        )
        return {"// class": reason, "kind": "keras_hub", "class": "WhisperBackbone"}
    there = "downloaded at the first run" if place == HANDLES[name] else "already in the cache"
    reason = f"it knows English; for another language take whisper_base_multi and task.language; {there}"
    return {"// preset": reason, "kind": "keras_hub", "preset": name}


def schedule(findings: DataFindings, backbone: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the configuration's `phases`."""
    if "class" in backbone:
        reason = "a backbone with random weights learns from scratch"
        return [{"// unfreeze": reason, "name": "all", "unfreeze": "all", "epochs": 10, "learning_rate": 0.003}]
    epochs = 1 if findings.train > _MANY else 3
    last = {
        "// unfreeze": "the encoder stays frozen, and is computed and stored once",
        "name": "last",
        "unfreeze": {"last": 1},
        "epochs": epochs,
        "learning_rate": 0.0001,
    }
    later = {
        "// keep_if_better": f"{about(findings.train)}: all of the decoder, at a much lower rate, if that helps",
        "name": "decoder",
        "unfreeze": {"from": "decoder_layer0"},
        "epochs": epochs,
        "learning_rate": {"peak": 0.00002, "shape": "cosine", "warmup": 0.1},
        "keep_if_better": True,
    }
    return [last, later]
