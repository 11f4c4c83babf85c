"""The checks that depend on a task's inputs and labels: one file per modality and per kind of label.

Each modality has two checks: of a task with such inputs, and of a task without, where some keys have no effect. Kinds
of labels have the same where they need it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from kerastune_ft.config.checks import (
    boxes,
    chosen_metrics,
    classes,
    dense,
    images,
    inputs,
    masks,
    sounds,
    texts,
    tiles,
    values,
)
from kerastune_ft.config.checks.language import causal, chats, masked, pairs, speech
from kerastune_ft.config.checks.parts import Finding, Parts, find_parts
from kerastune_ft.config.checks.phases import losses
from kerastune_ft.config.options.task_facts import AUDIO, IMAGE, LANGUAGE, MASKED, PAIR, SPEECH, TEXT, LabelKind

Check = Callable[[Parts], Iterator[Finding]]

_WITH_INPUTS: Mapping[str, Check] = {
    IMAGE: images.check_images,
    TEXT: texts.check_texts,
    AUDIO: sounds.check_sounds,
    LANGUAGE: chats.check_chats,
    MASKED: masked.check_masked,
    PAIR: pairs.check_pairs,
    SPEECH: speech.check_speech,
}
_WITHOUT_INPUTS: Mapping[tuple[str, ...], Check] = {
    (TEXT, LANGUAGE, MASKED, PAIR): texts.check_no_texts,
    (PAIR, SPEECH): pairs.check_no_pairs,
    (AUDIO, SPEECH): sounds.check_no_sounds,
}
"""What is checked of tasks whose inputs are of none of these modalities."""
_WITH_LABELS: Mapping[LabelKind, Check] = {
    "one": classes.check_one_class,
    "values": values.check_values,
    "mask": masks.check_masks,
    "boxes": boxes.check_boxes,
    "text": causal.check_written,
}
_WITHOUT_LABELS: Mapping[tuple[LabelKind, ...], Check] = {
    ("mask",): masks.check_no_masks,
    ("boxes",): boxes.check_no_boxes,
    ("mask", "boxes"): dense.check_not_dense,
}
"""What is checked of tasks whose labels are of none of these kinds."""


def kind_inconsistencies(document: Mapping[str, Any]) -> Iterator[Finding]:
    """Yield place and message of every key that contradicts the inputs or labels of the task, or has no effect."""
    parts = find_parts(document)
    if parts is None:
        return
    checks: list[Check] = [inputs.check_several_inputs, inputs.check_lone_backbone]
    # Of a text beside a picture only what is said of several inputs: its other checks are for data without images.
    with_inputs = [check for modality, check in _WITH_INPUTS.items() if modality in parts.facts.modalities]
    checks += with_inputs[:1]
    known = set(parts.facts.modalities)
    checks += [check for modalities, check in _WITHOUT_INPUTS.items() if not known & set(modalities)]
    checks += [check for labels, check in _WITH_LABELS.items() if labels == parts.facts.labels]
    checks += [check for kinds, check in _WITHOUT_LABELS.items() if parts.facts.labels not in kinds]
    for check in (chosen_metrics.check_chosen, losses.check_losses, losses.check_mixing, tiles.check_tiles, *checks):
        yield from check(parts)
