"""Checks of how a run computes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from kerastune_ft.config.checks.parts import Finding, is_number


def check_runtime(runtime: Mapping[str, Any]) -> Iterator[Finding]:
    """Yield what contradicts itself in the options of devices and precision."""
    replicas = runtime.get("replicas")
    if runtime.get("strategy") == "none" and is_number(replicas) and replicas > 1:
        yield (
            ("runtime", "replicas"),
            f'strategy "none" has one replica, not {replicas}; write "mirrored", or remove it',
        )
    precision = runtime.get("precision", "float32")
    if runtime.get("frozen_precision") is not None and precision != "float32":
        yield (
            ("runtime", "frozen_precision"),
            f'precision "{precision}" is that of the whole model, its frozen part among it; remove one of the two',
        )
