"""Checks of the keys of a phase that decide which weights it ends with."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from kerastune_ft.config.checks.parts import Finding


def weight_inconsistencies(phases: Sequence[Any], *backbones: Mapping[str, Any]) -> Iterator[Finding]:
    """Yield place and message of every contradiction, the places within the document.

    `backbones` are the options of the only one, or of each of several.
    """
    for index, phase in enumerate(phases):
        if not isinstance(phase, Mapping):
            continue
        before = phases[index - 1] if index and isinstance(phases[index - 1], Mapping) else {}
        for path, message in (*_check_kept(phase, before), *_check_average(phase), *_check_pull(phase, backbones)):
            yield ("phases", index, *path), message


def _check_kept(phase: Mapping[str, Any], before: Mapping[str, Any]) -> Iterator[Finding]:
    """Yield contradictions of a phase that keeps what it began with unless it improves on it."""
    if phase.get("keep_if_better") is True and phase.get("start_from") == "pretrained":
        yield (
            ("keep_if_better",),
            'with "start_from": "pretrained" the phase begins with the head of the phase before on a backbone that it '
            'does not fit, which any training improves on; remove it, or write "start_from": "best"',
        )
    if before.get("keep_if_better") is True and phase.get("carry_optimizer") is True:
        yield (
            ("carry_optimizer",),
            'the previous phase has "keep_if_better", and where its weights are discarded the state of its optimizer '
            "has none to go with; remove one of them",
        )


def _check_average(phase: Mapping[str, Any]) -> Iterator[Finding]:
    if phase.get("ema") == 0 and phase.get("ema") is not False:
        yield ("ema",), "a decay of 0 averages nothing; remove it, or write one like 0.999"


def _check_pull(phase: Mapping[str, Any], backbones: Sequence[Mapping[str, Any]]) -> Iterator[Finding]:
    """Yield contradictions of a pull towards pretrained weights with what trains, and with weights that are none."""
    weight = phase.get("l2_sp")
    if not weight:
        return
    if phase.get("unfreeze") == "none" and not any(each.get("head") == "keep" for each in backbones):
        yield ("l2_sp",), 'it has no effect with "unfreeze": "none": the new head has no pretrained weights; remove it'
    elif all(map(_is_random, backbones)):
        yield ("l2_sp",), "the backbone has random weights, and no pretrained ones to be pulled towards; remove it"
    if phase.get("lora") is not None:
        yield (
            ("l2_sp",),
            "with lora the pretrained weights stay as they are, and nothing has to be pulled towards them; remove it "
            "(weight_decay shrinks what adapters add)",
        )


def _is_random(backbone: Mapping[str, Any]) -> bool:
    is_empty = backbone.get("kind") == "applications" and backbone.get("weights", "") is None
    return is_empty or backbone.get("class") is not None
