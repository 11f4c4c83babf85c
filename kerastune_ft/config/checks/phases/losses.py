"""Checks of what a phase trains on: whether its labels can have its loss, and its inputs can be mixed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from kerastune_ft.config.checks.parts import Finding, Parts
from kerastune_ft.config.documents.nodes import short_json
from kerastune_ft.config.options.task_facts import AUDIO, TEXT
from kerastune_ft.config.options.updates.losses import LOSS_OPTIONS, LOSSES

_KNOWN = {name for names in LOSSES.values() for name in names}
# By the loss, keys of a phase that it excludes, and why.
_FOCAL_EXCLUDES = {
    "label_smoothing": "focal goes by the probability of the true class, and smoothing gives every class a share "
    'of the target; remove it, or write "loss": "cross_entropy"'
}
_EXCLUDED: Mapping[str, Mapping[str, str]] = {
    "focal": _FOCAL_EXCLUDES,
    "focal_dice": _FOCAL_EXCLUDES,
    "dice": {
        "label_smoothing": "dice compares areas and has no smoothed target; remove it, or write "
        '"loss": "cross_entropy_dice", whose cross-entropy is smoothed',
        "class_weights": "dice counts every class of an image alike, however large it is; remove it, or write "
        '"loss": "cross_entropy_dice", whose cross-entropy is weighted',
    },
}

_WAYS = ("mixup", "cutmix")
# By the modality of inputs, the ways in which they cannot be mixed, and why.
_UNMIXED: Mapping[str, Mapping[str, str]] = {
    TEXT: dict.fromkeys(
        _WAYS, "texts are words, and there is nothing between two words; remove it, or write label_smoothing or dropout"
    ),
    AUDIO: {"cutmix": "it pastes a rectangle of one image into another, and sounds have none; write mixup"},
}


def check_losses(parts: Parts) -> Iterator[Finding]:
    """Yield losses that the task's labels cannot have, options of other losses, and keys that a loss excludes."""
    for index, phase in enumerate(parts.phases):
        loss = phase.get("loss") if isinstance(phase, Mapping) else None
        name = loss.get("name") if isinstance(loss, Mapping) else loss
        if not isinstance(name, str) or name not in _KNOWN:
            # None is the task's own; a word that is no loss is reported where the options are read.
            continue
        allowed = LOSSES[parts.facts.labels]
        if name not in allowed:
            at = ("phases", index, "loss", "name") if isinstance(loss, Mapping) else ("phases", index, "loss")
            yield at, f"{short_json(name)} is no loss for task.kind {parts.kind}; write {_either(allowed)}"
            continue
        for key in _find_foreign(loss, name):
            owner = " and ".join(other for other, options in LOSS_OPTIONS.items() if key in options)
            yield ("phases", index, "loss", key), f"it is an option of {owner}, and the loss is {name}; remove it"
        for key, why in _EXCLUDED.get(name, {}).items():
            if phase.get(key):
                yield ("phases", index, key), why


def _find_foreign(loss: Any, name: str) -> list[str]:
    """Return the options in a loss that only others have."""
    written = loss if isinstance(loss, Mapping) else {}
    every = {option for options in LOSS_OPTIONS.values() for option in options}
    return [key for key in written if key in every - set(LOSS_OPTIONS.get(name, ())) and written[key] is not None]


def _either(names: Sequence[str]) -> str:
    quoted = [short_json(name) for name in names]
    return f"{', '.join(quoted[:-1])} or {quoted[-1]}" if len(quoted) > 1 else quoted[0]


def check_mixing(parts: Parts) -> Iterator[Finding]:
    """Yield the ways of mixing that the task's inputs do not have."""
    for modality in parts.facts.modalities:
        for way, why in _UNMIXED.get(modality, {}).items():
            for index, alpha in parts.phase_values(way):
                if alpha:
                    yield ("phases", index, way), why
