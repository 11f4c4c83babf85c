"""Which weights a phase leaves, in words of its plan: averages, a pull, conditions and second tries."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kerastune_ft.reporting.quantities import format_count, format_rate
from kerastune_ft.wording import counted


def describe_average(phase: Mapping[str, Any]) -> str:
    """Return that weights are averaged over updates, and with which decay; nothing where they are not."""
    return f"of the weights over updates, decay {phase['ema']:g}" if phase.get("ema") else ""


def describe_pull(phase: Mapping[str, Any]) -> str:
    """Return how much of a phase is pulled towards pretrained weights; nothing where nothing is."""
    pull = phase.get("l2_sp")
    if not pull:
        return ""
    parameters = f"{format_count(pull['parameters'])} parameters towards their pretrained values"
    return f"L2-SP {format_rate(pull['weight'])}: {parameters}, without weight decay"


def describe_condition(phase: Mapping[str, Any]) -> str:
    """Return on which condition the weights of a phase are kept; nothing where they always are."""
    return "kept only if better than what it starts from" if phase.get("keep_if_better") else ""


def describe_retries(phase: Mapping[str, Any]) -> str:
    """Return how a phase begins again where it diverges; nothing where it does not."""
    retry = phase.get("on_divergence")
    if not retry:
        return ""
    return f"begins again, {counted(retry['retry'], 'time')} at most, each time at {retry['factor']:g} of its rates"
