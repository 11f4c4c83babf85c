"""Suggestions by modality."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from kerastune_ft.config.options.task_facts import AUDIO, IMAGE, LANGUAGE, PAIR, SPEECH, TEXT, LabelKind, find_facts
from kerastune_ft.config.presets import AUTO
from kerastune_ft.scaffolding.findings import DataFindings
from kerastune_ft.scaffolding.suggest import dense, images, language, several, sounds, speech, texts

MEASURES = False
"""Whether the schedule of what is proposed is left to the run, which chooses it by measurement.

It is not: on the five sets of docs/benchmarks.md chosen phases are not clearly better than what is proposed otherwise,
and take several times as long.
"""
_WHY = "the run measures on these data what trains, at which rates and how long; plan --resolve shows it beforehand"
# Labels of tasks whose schedules can be chosen so, and the keys of `defaults` that are chosen.
_PROBED: tuple[LabelKind, ...] = ("one", "several", "values")
_CHOSEN = ("batch_size", "early_stopping", "augment")
_BY_MODALITY: Mapping[str, Callable[[DataFindings, dict[str, Any] | None], dict[str, Any]]] = {
    IMAGE: images.suggest,
    TEXT: texts.suggest,
    AUDIO: sounds.suggest,
    SPEECH: speech.suggest,
    LANGUAGE: language.suggest,
    PAIR: language.suggest,
}
_BY_LABELS: Mapping[LabelKind, Callable[[DataFindings, dict[str, Any] | None], dict[str, Any]]] = {
    "mask": dense.suggest,
    "boxes": dense.suggest,
}
"""For kinds of labels that need another head and schedule than the modality's."""


def suggest(
    findings: DataFindings, wanted: dict[str, Any] | None = None, *, has_schedule: bool = False
) -> dict[str, Any]:
    """Return the rest of a configuration: backbone, head where it is not the default, defaults and phases.

    `wanted` is the backbone that the user names, if any. Where the user names a schedule (`has_schedule`), the defaults
    are those that go with one.
    """
    if isinstance(findings.data.get("input"), dict):
        return several.suggest(findings, wanted)
    known = find_facts(findings.task)
    own = None if known is None else _BY_LABELS.get(known.labels)
    found = (own or _BY_MODALITY[findings.modality])(findings, wanted)
    is_left = MEASURES and not has_schedule and known is not None and known.labels in _PROBED
    return leave_to_measurement(found) if is_left else found


def leave_to_measurement(found: Mapping[str, Any]) -> dict[str, Any]:
    """Return the rest of a configuration whose schedule is left to the run, with the defaults that it does not choose.

    What is about the labels stays, as weights and what is monitored do.
    """
    defaults = {key: value for key, value in found["defaults"].items() if key.removeprefix("// ") not in _CHOSEN}
    return {**found, "defaults": defaults, "phases": {"// preset": _WHY, "preset": AUTO}}
