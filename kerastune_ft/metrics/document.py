"""The layout of metrics.json: figures by split and, for some kinds of labels, figures by class beside them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

CLASSES = "classes"
"""Beside the splits: by split and class, the figures of that class."""
_NO_SPLITS = (CLASSES, "intervals")


def metrics_by_split(document: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the metrics of every split, without what stands beside them."""
    return {split: dict(metrics) for split, metrics in document.items() if split not in _NO_SPLITS}


def metrics_by_class(document: Mapping[str, Any], split: str) -> Mapping[str, Mapping[str, Any]]:
    """Return the figures of every class on a split; empty for labels that have none in metrics.json."""
    return (document.get(CLASSES) or {}).get(split) or {}
