"""Suggesting backbone, head and schedule for texts."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from kerastune_ft.backbones.hub import presets
from kerastune_ft.errors import ConfigError
from kerastune_ft.scaffolding.findings import DataFindings, add_with_reason
from kerastune_ft.scaffolding.suggest import images
from kerastune_ft.scaffolding.suggest.defaults import HEAD_ALONE, about, defaults, head_phase

HANDLES: Mapping[str, str] = MappingProxyType(
    {
        "all_minilm_l6_v2_en": "kaggle://keras/sentence-transformers/keras/all_minilm_l6_v2_en/1",
        "distil_bert_base_en_uncased": "kaggle://keras/distil_bert/keras/distil_bert_base_en_uncased/3",
        "bert_base_en_uncased": "kaggle://keras/bert/keras/bert_base_en_uncased/3",
        "distil_bert_base_multi": "kaggle://keras/distil_bert/keras/distil_bert_base_multi/3",
        "xlm_roberta_base_multi": "kaggle://keras/xlm_roberta/keras/xlm_roberta_base_multi/3",
    }
)
"""The presets to choose from, with their keras-hub handles; importing keras-hub would take seconds."""
_ENGLISH = MappingProxyType(
    {
        "cpu": ("all_minilm_l6_v2_en", "distil_bert_base_en_uncased"),
        "gpu": ("distil_bert_base_en_uncased", "bert_base_en_uncased"),
        "tpu": ("bert_base_en_uncased", "distil_bert_base_en_uncased"),
    }
)
_FOREIGN = MappingProxyType(
    {
        "cpu": ("distil_bert_base_multi", "xlm_roberta_base_multi"),
        "gpu": ("xlm_roberta_base_multi", "distil_bert_base_multi"),
        "tpu": ("xlm_roberta_base_multi", "distil_bert_base_multi"),
    }
)
# The class that is built small and with random weights if no preset is available.
_RANDOM = "BertBackbone"
# A word is about 1.3 tokens, and the cost of attention grows with the square of the tokens.
LONG_TEXT, LONG_TEXT_LENGTH = 190, 256
"""Where 95 % of the texts have more words than this, so many tokens are read of each."""
_MANY = 20_000


def suggest(findings: DataFindings, wanted: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return the rest of a configuration for texts, after adding a limit on long texts to its `data`.

    `wanted` is the backbone that the user names, if any.
    """
    chosen = wanted or backbone(findings)
    length(findings, chosen)
    return {
        "backbone": chosen,
        "head": head(),
        "defaults": defaults(findings),
        "phases": schedule(findings, chosen),
    }


def backbone(findings: DataFindings) -> dict[str, Any]:
    """Return `backbone`: the first preset that is available, else a small model with random weights."""
    where = images.device()
    is_foreign = findings.prose is not None and findings.prose.is_foreign
    names = (_FOREIGN if is_foreign else _ENGLISH)[where]
    known = {name: {"kaggle_handle": handle} for name, handle in HANDLES.items()}
    for name in names:
        try:
            place = presets.locate(name, known)
        except ConfigError:
            continue
        others = " and ".join(other for other in names if other != name)
        language = "the texts are not only English, and it knows many languages; " if is_foreign else ""
        there = "downloaded at the first run" if place == HANDLES[name] else "already in the cache"
        reason = f"{language}fits {about(findings.train)} on a {where.upper()}, as does {others}; {there}"
        return {"// preset": reason, "kind": "keras_hub", "preset": name}
    return _random(names[0])


def _random(wanted: str) -> dict[str, Any]:
    reason = (
        f"small and with random weights, so it learns little: {wanted} is neither in Kaggle's cache nor reachable from "
        f'here. If you can get it, or have a directory with a preset, write "preset": "{wanted}" (or the directory) '
        'instead of class, and in phases 0.001 for the head, "unfreeze": {"last": 2} and 0.0001 for the other'
    )
    return {"// class": reason, "kind": "keras_hub", "class": _RANDOM}


def is_random(backbone: Mapping[str, Any]) -> bool:
    """Return whether a backbone begins with random weights, since no preset is available."""
    return "class" in backbone


def head() -> dict[str, Any]:
    """Return the configuration's `head`."""
    return {"// pooling": "the mean over the tokens of a text, without padding", "pooling": "mean"}


def length(findings: DataFindings, backbone: Mapping[str, Any]) -> None:
    """Limit the tokens that are read of each text, if long texts would take most of the time."""
    if not is_random(backbone) and findings.prose and findings.prose.most > LONG_TEXT:
        reason = (
            f"5 % of the texts have more than {findings.prose.most:,} words; more tokens cost time, and plan reports "
            "how much is cut"
        )
        add_with_reason(findings.data, "sequence_length", LONG_TEXT_LENGTH, reason)


def schedule(findings: DataFindings, backbone: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the configuration's `phases`."""
    if is_random(backbone):
        head = {"name": "head", "unfreeze": "none", "epochs": 3, "learning_rate": 0.01}
        return [head, _later("all", "all", 10, 0.003, "a backbone with random weights learns from scratch")]
    head = head_phase(findings.train)
    if findings.train < HEAD_ALONE:
        return [{"// name": f"{about(findings.train)}: too few to train more than the new head", **head}]
    reason = f"{about(findings.train)}: the two layers nearest to the head, at a low rate"
    return [head, _later("top", {"last": 2}, 2 if findings.train > _MANY else 3, 0.0001, reason)]


def _later(name: str, unfreeze: Any, epochs: int, rate: float, reason: str) -> dict[str, Any]:
    return {
        "// unfreeze": reason,
        "name": name,
        "unfreeze": unfreeze,
        "epochs": epochs,
        "learning_rate": {"peak": rate, "shape": "linear", "warmup": 0.1},
        "clip_norm": 1.0,
    }
