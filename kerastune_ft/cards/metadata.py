"""The head of a model card as the Hugging Face Hub reads it: YAML with licence, task, tags and measured figures."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

# The Hub's words for tasks and metrics; of others it has none.
_PIPELINES = MappingProxyType(
    {
        "image_classification": "image-classification",
        "text_classification": "text-classification",
        "audio_classification": "audio-classification",
        "image_segmentation": "image-segmentation",
        "object_detection": "object-detection",
        "causal_lm": "text-generation",
        "masked_lm": "fill-mask",
        "summarization": "summarization",
        "speech_recognition": "automatic-speech-recognition",
    }
)
_METRICS = MappingProxyType(
    {
        "macro_f1": "f1",
        "auc": "roc_auc",
        "r2": "r_squared",
        "word_error_rate": "wer",
        "character_error_rate": "cer",
    }
)
_LIBRARIES = MappingProxyType({"onnx": "onnx", "litert": "litert", "preset": "keras-hub", "saved_model": "tf-keras"})
_HUB = "hf://"


def describe_metadata(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return the metadata of a card by key, from its document."""
    task = document["task"]
    pipeline, figures = _PIPELINES.get(task), document["metrics"]
    base = document["backbone"].get("preset") or ""
    found: dict[str, Any] = {
        "license": document["licence"]["id"] or "unknown",
        "library_name": _LIBRARIES.get(document["format"], "keras"),
        "pipeline_tag": pipeline,
        "base_model": base.removeprefix(_HUB) if base.startswith(_HUB) else None,
        "tags": ["keras", "kerastune_ft", "fine-tuned", task.replace("_", "-")],
        "metrics": sorted({_METRICS.get(name, name) for own in figures.values() for name in own if name != "loss"}),
    }
    split = next((name for name in ("test", "out_of_fold", "validation") if name in figures), None)
    if split is not None:
        found["model-index"] = [{"name": document["name"], "results": [_describe_results(document, split)]}]
    return {key: value for key, value in found.items() if value}


def _describe_results(document: Mapping[str, Any], split: str) -> dict[str, Any]:
    name = document["data"]["name"]
    task = document["task"].replace("_", "-")
    return {
        "task": {"type": _PIPELINES.get(document["task"], task)},
        "dataset": {
            "name": name,
            "type": re.sub(r"[^a-z0-9._-]+", "-", name.lower()).strip("-.") or "data",
            "split": split,
        },
        "metrics": [
            {
                "type": _METRICS.get(metric, metric),
                "name": metric,
                "value": about["value"],
                **({"args": {"confidence_interval_95": list(about["interval"])}} if about.get("interval") else {}),
            }
            for metric, about in document["metrics"][split].items()
        ],
    }


def write_head(metadata: Mapping[str, Any]) -> str:
    """Return the YAML head of a card, with the lines that enclose it."""
    import yaml  # type: ignore[import-untyped]

    text = yaml.safe_dump(dict(metadata), sort_keys=False, allow_unicode=True, default_flow_style=False)
    return f"---\n{text}---\n"
