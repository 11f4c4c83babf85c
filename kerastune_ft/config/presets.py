"""Presets of phases: the schedules that `"phases": "head_then_top"` and other names stand for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

_HEAD = {"name": "head", "unfreeze": "none", "epochs": 5, "learning_rate": 0.001}


def _cosine(peak: float, **more: float) -> dict[str, Any]:
    return {"peak": peak, "shape": "cosine", "warmup": 0.1, **more}


def head() -> list[dict[str, Any]]:
    """Linear probing: only the head trains; the backbone stays unchanged."""
    return [{**_HEAD, "epochs": 10}]


def head_then_top() -> list[dict[str, Any]]:
    """The head first, then the 30 % of the units nearest to it at a tenth of the rate: the usual choice."""
    top = {"name": "top", "unfreeze": {"fraction": 0.3}, "epochs": 10, "learning_rate": _cosine(0.0001)}
    return [dict(_HEAD), top]


def head_then_all() -> list[dict[str, Any]]:
    """The head first, then everything at low rates that decrease with the distance from the head; needs more data."""
    rest = {"name": "all", "unfreeze": "all", "epochs": 10, "learning_rate": _cosine(0.00005, unit_decay=0.9)}
    return [dict(_HEAD), rest]


def gradual() -> list[dict[str, Any]]:
    """Gradual unfreezing: head, a quarter, half, all, each at a lower rate, the deep units slower than the top."""
    steps: list[tuple[str, Any, float]] = [
        ("quarter", {"fraction": 0.25}, 0.0001),
        ("half", {"fraction": 0.5}, 0.00005),
        ("all", "all", 0.00002),
    ]
    later = [
        {"name": name, "unfreeze": unfreeze, "epochs": 5, "learning_rate": _cosine(peak, unit_decay=0.9)}
        for name, unfreeze, peak in steps
    ]
    return [dict(_HEAD), *later]


PRESETS: Mapping[str, Callable[[], list[dict[str, Any]]]] = MappingProxyType(
    {"head": head, "head_then_top": head_then_top, "head_then_all": head_then_all, "gradual": gradual}
)
