"""Backbone, head and schedule for texts, each with its reason."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from kerastune_ft.backbones.hub import presets
from kerastune_ft.errors import ConfigError
from kerastune_ft.scaffolding.findings import DataFindings, add_with_reason
from kerastune_ft.scaffolding.suggest import images

HANDLES: Mapping[str, str] = MappingProxyType(
    {
        "all_minilm_l6_v2_en": "kaggle://keras/sentence-transformers/keras/all_minilm_l6_v2_en/1",
        "distil_bert_base_en_uncased": "kaggle://keras/distil_bert/keras/distil_bert_base_en_uncased/3",
        "bert_base_en_uncased": "kaggle://keras/bert/keras/bert_base_en_uncased/3",
        "distil_bert_base_multi": "kaggle://keras/distil_bert/keras/distil_bert_base_multi/3",
        "xlm_roberta_base_multi": "kaggle://keras/xlm_roberta/keras/xlm_roberta_base_multi/3",
    }
)
"""The presets that are chosen from, and where keras-hub has them; asking keras-hub would cost seconds."""
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
# The class that is built small with random weights where no preset can be had.
_RANDOM = "BertBackbone"
# A word is about 1.3 tokens, and every token looks at every other.
_LONG, _LENGTH = 190, 256
_MANY = 20_000


def backbone(sight: DataFindings) -> dict[str, Any]:
    """Return the configuration's `backbone`: the first preset that can be had, else a small one of random weights."""
    where = images.device()
    is_foreign = sight.prose is not None and sight.prose.is_foreign
    names = (_FOREIGN if is_foreign else _ENGLISH)[where]
    known = {name: {"kaggle_handle": handle} for name, handle in HANDLES.items()}
    for name in names:
        try:
            place = presets.located(name, known)
        except ConfigError:
            continue
        others = " and ".join(other for other in names if other != name)
        language = "the texts are not English alone, and it knows many languages; " if is_foreign else ""
        there = "downloaded at the first run" if place == HANDLES[name] else "in the cache already"
        reason = f"{language}fits {images.about(sight.train)} on a {where.upper()}, as does {others}; {there}"
        return {"// preset": reason, "kind": "keras_hub", "preset": name}
    return _random(names[0])


def _random(wanted: str) -> dict[str, Any]:
    reason = (
        f"small and of random weights, so it learns little: {wanted} is neither in the cache of Kaggle nor to be "
        f'reached from here. Where it can be had, or a directory of a preset is at hand, write "preset": "{wanted}" '
        '(or the directory) instead of class, and in phases 0.001 for the head, "unfreeze": {"last": 2} and 0.0001 '
        "for the other"
    )
    return {"// class": reason, "kind": "keras_hub", "class": _RANDOM}


def head() -> dict[str, Any]:
    """Return the configuration's `head`."""
    return {"// pooling": "the mean over the tokens of a text; padding counts nowhere", "pooling": "mean"}


def length(sight: DataFindings, backbone: Mapping[str, Any]) -> None:
    """Add to the data how many tokens of long texts are read, where these would cost most of the time."""
    if "preset" in backbone and sight.prose and sight.prose.most > _LONG:
        reason = (
            f"5 % of the texts have more than {sight.prose.most:,} words; more tokens cost time, and plan counts what "
            "is cut"
        )
        add_with_reason(sight.data, "sequence_length", _LENGTH, reason)


def schedule(sight: DataFindings, backbone: Mapping[str, Any]) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Return the configuration's `defaults` and `phases`."""
    defaults = images.defaults(sight)
    if "preset" not in backbone:
        return defaults, [
            _head(3, 0.01),
            _later("all", "all", 10, 0.003, "a backbone of random weights learns from nothing"),
        ]
    if sight.train < images.HEAD_ALONE:
        only = f"{images.about(sight.train)}: too few to train more than the new head"
        return defaults, [{"// name": only, **_head(20, 0.001)}]
    epochs = 2 if sight.train > _MANY else 3
    reason = f"{images.about(sight.train)}: the two layers nearest to the head, at a tenth of its rate"
    return defaults, [_head(epochs, 0.001), _later("top", {"last": 2}, epochs, 0.0001, reason)]


def _head(epochs: int, rate: float) -> dict[str, Any]:
    return {"name": "head", "unfreeze": "none", "epochs": epochs, "learning_rate": rate}


def _later(name: str, unfreeze: Any, epochs: int, rate: float, reason: str) -> dict[str, Any]:
    return {
        "// unfreeze": reason,
        "name": name,
        "unfreeze": unfreeze,
        "epochs": epochs,
        "learning_rate": {"peak": rate, "shape": "linear", "warmup": 0.1},
        "clip_norm": 1.0,
    }
