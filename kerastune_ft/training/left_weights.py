"""What a finished phase left, read from its result.json or its entry in manifest.json; TensorFlow is not needed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def is_discarded(result: Mapping[str, Any]) -> bool:
    """Return whether the weights of a phase were discarded, since they were no better than those it began with."""
    return result.get("kept", True) is False


def left_metrics(result: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what the weights that a phase left measured on validation: its best epoch's, or those it began with."""
    return ((result.get("start") or {}).get("metrics") if is_discarded(result) else result.get("best")) or {}


def left_epoch(result: Mapping[str, Any]) -> int:
    """Return the epoch whose weights a phase left; 0 where they are those it began with."""
    return 0 if is_discarded(result) else int(result["best_epoch"])
