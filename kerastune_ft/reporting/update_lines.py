"""How a phase makes its updates, in words: steps, batches, rates, optimizer, loss and monitor."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from kerastune_ft.reporting import weight_lines
from kerastune_ft.reporting.quantities import (
    format_figure,
    format_rate,
    format_whole,
)
from kerastune_ft.wording import counted

Document = Mapping[str, Any]


def describe_options(value: Any) -> str:
    """Return a set of options in one line, without those that are off."""
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {_write_value(item)}" for key, item in value.items() if item not in (None, False, 0))
    return "" if value is None else _write_value(value)


def describe_augmentation(augment: Mapping[str, Any] | None) -> str:
    """Return how a phase of plan.json augments its examples, a folder of noise with the number of its sounds."""
    shown = {key: value for key, value in (augment or {}).items() if not key.startswith("noise_")}
    if shown.get("noise") and (count := (augment or {}).get("noise_sounds")):
        shown["noise"] = f"{shown['noise']} ({counted(count, 'sound')})"
    if shown.pop("hides_words", False):
        fixed = shown.get("views")
        return f"hides words: {counted(fixed, 'fixed choice') + ' by turns' if fixed else 'others in every epoch'}"
    return describe_options(shown)


def _write_value(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def join_parts(*parts: str, joint: str = ", ") -> str:
    """Return the parts that are not empty, joined."""
    return joint.join(part for part in parts if part)


def describe_steps(phase: Document) -> str:
    """Return how many steps a phase makes at most."""
    if phase.get("solver"):
        return f"{counted(phase['steps'], 'iteration')} of a solver at most"
    return (
        f"{format_whole(phase.get('steps'))} at most: {counted(phase['epochs'], 'epoch')} "
        f"x {format_whole(phase.get('steps_per_epoch'))}"
    )


def describe_batch(phase: Document) -> str:
    """Return the examples of a batch, and how it is computed."""
    text = f"{format_whole(phase.get('batch_size'))} ({format_whole(phase.get('replica_batch'))} per replica)"
    accumulate = phase.get("accumulate") or 1
    if accumulate == "auto":
        pieces = phase.get("pieces")
        return f"{text}, in as many pieces as the memory needs" if pieces is None else f"{text}, in {pieces} pieces"
    return text if accumulate == 1 else f"{text}, {accumulate} batches make one step"


def describe_learning_rate(policy: Document) -> str:
    """Return peak, shape and ends of a learning rate; nothing where a solver needs none."""
    if not policy:
        return ""
    warmup = policy.get("warmup_steps")
    start = f" from {format_rate(policy['start'])}" if policy.get("start") is not None else ""
    return join_parts(
        f"peak {format_rate(policy.get('peak'))}",
        str(policy.get("shape") or ""),
        counted(warmup, "warm-up step") + start if warmup else "no warm-up",
        f"final {format_rate(policy['final'])}" if policy.get("final") is not None else "",
        f"momentum {' to '.join(f'{value:g}' for value in policy['momentum'])}" if policy.get("momentum") else "",
    )


def describe_optimizer(phase: Document) -> str:
    """Return the optimizer of a phase and what it is held by."""
    if solver := phase.get("solver"):
        options = ", ".join(f"{key} {format_rate(value)}" for key, value in solver.items())
        return f"{phase.get('optimizer')}, {options}: sets the head to its optimum on the features of all examples"
    return join_parts(
        str(phase.get("optimizer") or "") + (", carried on" if phase.get("carry_optimizer") else ""),
        f"weight decay {format_rate(phase['weight_decay'])}" if phase.get("weight_decay") else "no weight decay",
        f"clip norm {phase['clip_norm']:g}" if phase.get("clip_norm") else "",
    )


def describe_solution(solver: Document) -> str:
    """Return how a solver ended, from the result of its phase; nothing where none was used."""
    if "converged" not in solver:
        return ""
    how = "the optimum after" if solver["converged"] else "not at the optimum after"
    loss = f"loss {format_figure(solver['loss'])} + penalty {format_figure(solver['penalty'])}"
    return f"{how} {counted(solver['iterations'], 'iteration')}, {loss}"


def describe_loss(phase: Document) -> str:
    """Return the loss that a phase trains on; nothing where it is the task's own."""
    loss = phase.get("loss")
    if not loss:
        return ""
    options = describe_options({key: value for key, value in loss.items() if key != "name"})
    return join_parts(str(loss["name"]), options) + "; the plain loss of the task is what validation measures"


def describe_mixing(mixing: Document) -> str:
    """Return how training examples are mixed with each other; nothing where they are not."""
    ways = [f"{way} {mixing[way]:g}" for way in ("mixup", "cutmix") if mixing.get(way)]
    if not ways:
        return ""
    each = " or ".join(ways) + (", one of the two for each example" if len(ways) > 1 else "")
    views = f", the same in each of {mixing['views']} views" if mixing.get("views") else ""
    return f"{each}, with any other training example{views}; nothing is mixed in validation"


def explain_figures(phase: Document) -> str:
    """Return in sentences why the training figures of a phase are not comparable with those of validation, if so."""
    mixing = phase.get("mixing") or {}
    ways = " or ".join(f"{way} {mixing[way]:g}" for way in ("mixup", "cutmix") if mixing.get(way))
    loss, smoothing = (phase.get("loss") or {}).get("name"), phase.get("label_smoothing")
    of = join_parts(
        f"of the loss {loss}" if loss else "",
        f"of smoothed labels ({smoothing:g})" if smoothing else "",
        "of weighted classes" if phase.get("class_weights") else "",
        "of examples drawn by class" if phase.get("sampling") else "",
        f"of mixed examples ({ways})" if ways else "",
        joint=" and ",
    )
    trained = f"Its training figures are {of}, those of validation of the plain loss and examples." if of else ""
    averaged = (
        f"Validation measures, and the phase leaves, weights averaged over updates (decay {phase.get('ema') or 0:g})."
    )
    return join_parts(trained, averaged if phase.get("ema") else "", joint=" ")


def describe_monitor(phase: Document) -> str:
    """Return what chooses the epoch of a phase, and when it ends."""
    stopping = describe_options(phase.get("early_stopping"))
    if phase.get("solver"):
        return f"{phase.get('monitor')}, measured alone: the phase ends with the optimum"
    return join_parts(
        str(phase.get("monitor") or ""),
        f"early stopping ({stopping})" if stopping else "no early stopping",
        f"starts from {phase['start_from']}" if phase.get("start_from") else "",
        weight_lines.describe_condition(phase),
    )
