"""Checks of the keys of a learning rate."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from kerastune_ft.config.checks.parts import Finding, is_number, section
from kerastune_ft.config.options.updates.optimizers import MOMENTUM_OPTIONS, OPTIMIZER_OPTIONS
from kerastune_ft.config.options.updates.rates import ONE_CYCLE


def check_rate(rate: Mapping[str, Any], head_only: bool) -> Iterator[Finding]:
    """Yield the keys of a learning rate that contradict each other or have no effect, by their places in the phase."""
    place = "learning_rate"
    peak, final, shape = rate.get("peak"), rate.get("final"), rate.get("shape", "constant")
    if final is not None and shape == "constant":
        yield (place, "final"), 'a constant rate does not change; remove it, or write a "shape" like "cosine"'
    elif is_number(final) and is_number(peak) and final > peak:
        yield (
            (place, "final"),
            f"{final} is above the peak of {peak}; the rate falls to this value, so give a smaller one",
        )
    elif shape == "exponential" and is_number(final) and final == 0:
        yield (place, "final"), "an exponential decay never reaches 0; give a number above 0"
    yield from _start(rate)
    if not head_only:
        if rate.get("head") is not None and "head" in section(rate, "units"):
            yield (place, "head"), '"units" has a factor for "head" too; keep one of them'
        return
    for key, neutral in (("unit_decay", (1,)), ("unit_span", (None,)), ("units", ({},)), ("head", (None,))):
        if key in rate and rate[key] not in neutral:
            remedy = "write the rate as peak" if key == "head" else "remove it"
            yield (place, key), f'it has no effect with "unfreeze": "none", where only the head trains; {remedy}'


def check_momentum(phase: Mapping[str, Any]) -> Iterator[Finding]:
    """Yield why a momentum that follows the learning rate has no effect, or contradicts the optimizer's own."""
    rate, optimizer = section(phase, "learning_rate"), section(phase, "optimizer")
    if rate.get("momentum") is None:
        return
    written = phase.get("optimizer")
    place, name = ("learning_rate", "momentum"), written if isinstance(written, str) else optimizer.get("name", "adamw")
    if rate.get("shape", "constant") != ONE_CYCLE:
        yield place, 'it follows the rise and fall of "shape": "one_cycle", and the shape is another; remove it'
    if not isinstance(name, str) or name not in OPTIMIZER_OPTIONS:
        return
    option = MOMENTUM_OPTIONS.get(name)
    if option is None:
        yield (
            place,
            f"the momentum of {name} cannot follow the rate; write another optimizer ({', '.join(MOMENTUM_OPTIONS)})",
        )
    elif option in section(optimizer, "options") or option in optimizer:
        yield place, f"the optimizer has {option}, and both say what its momentum is; keep one of them"


def _start(rate: Mapping[str, Any]) -> Iterator[Finding]:
    start, peak, warmup = rate.get("start"), rate.get("peak"), rate.get("warmup")
    has_warmup = warmup is None if rate.get("shape") == ONE_CYCLE else False
    if rate.get("unit_span") is not None and rate.get("unit_decay", 1) != 1:
        yield ("learning_rate", "unit_span"), "unit_decay is given too, and both say how units differ; keep one of them"
    if start is None:
        return
    if not has_warmup and not warmup:
        yield ("learning_rate", "start"), 'it has no effect without a warm-up; write "warmup": 0.1, or remove it'
    elif is_number(start) and is_number(peak) and start > peak:
        yield ("learning_rate", "start"), f"{start} is above the peak of {peak}, to which the rate rises; give less"
