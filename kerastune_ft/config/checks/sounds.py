"""What a task on sounds needs of the rest of a configuration, and what has an effect on sounds alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from kerastune_ft.config.documents.nodes import KeyPath, short_json
from kerastune_ft.config.options.augment import changes_images
from kerastune_ft.config.options.spectrograms import LOG_MELS
from kerastune_ft.config.options.task_facts import AUDIO, find_facts

_FRONT_END = 'write "yamnet", or {"log_mel": {}} with what differs from the usual'


def sound_inconsistencies(
    task: Mapping[str, Any], data: Mapping[str, Any], backbone: Mapping[str, Any], phases: list[Any]
) -> Iterator[tuple[KeyPath, str]]:
    """Yield place and message of everything that sounds, or their absence, leave without meaning."""
    facts = find_facts(task)
    if facts is None:
        return
    if AUDIO in facts.modalities:
        yield from _on_sounds(task["kind"], data, backbone, phases)
    else:
        yield from _without_sounds(task["kind"], data, backbone)


def _on_sounds(
    kind: str, data: Mapping[str, Any], backbone: Mapping[str, Any], phases: list[Any]
) -> Iterator[tuple[KeyPath, str]]:
    for key, neutral in (("resize", "crop"), ("intensity", "auto")):
        if data.get(key, neutral) != neutral:
            yield ("data", key), f"it has no effect with task.kind {kind}; remove it"
    if backbone.get("kind") == "saved" and backbone.get("input") is None:
        yield (
            ("backbone", "input"),
            f"missing: how sounds become the spectrogram that the model takes; {_FRONT_END}, or for a model of images "
            'the range of their pixels, as "0-1"',
        )
    if isinstance(data.get("input"), list):
        yield ("data", "input"), 'two columns are a pair of texts; write one column, or a template like "{id}.wav"'
    own, asked = _own_rate(backbone.get("input")), data.get("sample_rate")
    if isinstance(asked, int) and own is not None and asked != own:
        yield (
            ("data", "sample_rate"),
            f"the backbone takes {own} samples a second; remove it, since sounds of any rate are brought to that",
        )
    for index, phase in enumerate(phases):
        augment = phase.get("augment") if isinstance(phase, Mapping) else None
        if augment is not None and changes_images(augment):
            yield ("phases", index, "augment"), 'sounds are not augmented in this version; remove it, or write "none"'


def _without_sounds(kind: str, data: Mapping[str, Any], backbone: Mapping[str, Any]) -> Iterator[tuple[KeyPath, str]]:
    for key in ("seconds", "sample_rate"):
        if data.get(key) is not None:
            yield ("data", key), f"it has no effect with task.kind {kind}, whose examples are no sounds; remove it"
    given = backbone.get("input")
    if (isinstance(given, str) and given in LOG_MELS) or (isinstance(given, Mapping) and "log_mel" in given):
        message = f"{short_json(given)} turns sounds into spectrograms, and task.kind {kind} has none"
        yield ("backbone", "input"), f'{message}; write "task": {{"kind": "audio_classification"}}, or remove it'


def _own_rate(given: Any) -> int | None:
    """Return the samples a second that a front end names."""
    options = LOG_MELS.get(given) if isinstance(given, str) else None
    if isinstance(given, Mapping) and isinstance(given.get("log_mel"), Mapping):
        options = given["log_mel"]
    rate = options.get("sample_rate") if options is not None else None
    return rate if isinstance(rate, int) else None
