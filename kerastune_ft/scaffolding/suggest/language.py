"""Suggesting backbone and schedule for texts that a model goes on with."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from kerastune_ft.backbones.hub import presets
from kerastune_ft.config.options.task_facts import LANGUAGE, PAIR
from kerastune_ft.errors import ConfigError
from kerastune_ft.scaffolding.findings import DataFindings, add_with_reason

# keras-hub's handles of small models that were trained on chats.
HANDLES: Mapping[str, str] = MappingProxyType(
    {
        "smollm2_135m_instruct": "hf://HuggingFaceTB/SmolLM2-135M-Instruct",
        "gpt2_base_en": "kaggle://keras/gpt2/keras/gpt2_base_en/3",
    }
)
_RANDOM = "GPT2Backbone"
_LENGTH = 512
_WHY_LENGTH: Mapping[str, str] = {
    LANGUAGE: "tokens of a row: longer chats lose their beginning, and plain texts are divided into blocks",
    PAIR: "tokens of a row, of text and summary together: longer texts lose their end",
}


def suggest(findings: DataFindings, wanted: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return the rest of a configuration for texts to go on with, after adding the length of rows to its `data`.

    `wanted` is the backbone that the user names, if any.
    """
    chosen = wanted or _choose_backbone()
    if wanted is None:
        add_with_reason(findings.data, "sequence_length", _LENGTH, _WHY_LENGTH[findings.modality])
    defaults: dict[str, Any] = {}
    add_with_reason(defaults, "batch_size", 8, "rows of a step; more need more memory")
    rest: dict[str, Any] = {"backbone": chosen, "defaults": defaults}
    add_with_reason(rest, "phases", *_choose_phases(chosen))
    return rest


def _choose_phases(backbone: Mapping[str, Any]) -> tuple[str, str]:
    if "class" in backbone:
        return "full", "a model of random weights has everything to learn"
    return "last_then_lora", "the last block on stored features, then small adapters in the half of the model above"


def _choose_backbone() -> dict[str, Any]:
    """Return the first model that is available, else a small one with random weights."""
    known = {name: {"kaggle_handle": handle} for name, handle in HANDLES.items()}
    for name in HANDLES:
        try:
            place = presets.locate(name, known)
        except ConfigError:
            continue
        there = "downloaded at the first run" if place == HANDLES[name] else "already in the cache"
        return {"// preset": f"small enough for a CPU; {there}", "kind": "keras_hub", "preset": name}
    reason = (
        "small and with random weights, so it learns little: no pretrained model is reachable from here. If you have "
        'the directory of a preset, write it as "preset" instead of class, and "last_then_lora" as phases'
    )
    return {"// class": reason, "kind": "keras_hub", "class": _RANDOM}
