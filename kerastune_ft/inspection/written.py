"""Checks the data of models that write: dialogues, pairs of texts, and sounds with transcripts, by themselves alone.

Several answers to a prompt may all be right, and no row of features tells a right one from a wrong one. So no labels
are doubted here, and no features are computed.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from kerastune_ft.config.options.data import SPLITS
from kerastune_ft.config.options.task_facts import LANGUAGE, MASKED, PAIR, SPEECH, facts
from kerastune_ft.data.modalities import MODALITIES
from kerastune_ft.durations import format_duration
from kerastune_ft.inspection.balance import find_copies_of_other_groups, find_shared_groups
from kerastune_ft.inspection.choice import choose_left_out
from kerastune_ft.inspection.clusters import join_pairs, list_clusters, pair_equal
from kerastune_ft.inspection.contents.base import CONSTANT as FLAT
from kerastune_ft.inspection.contents.base import Fault
from kerastune_ft.inspection.contents.build import CONTENTS
from kerastune_ft.inspection.contents.dialogues import find_odd_lengths
from kerastune_ft.inspection.contents.shingles import normalise_text
from kerastune_ft.inspection.examples import list_examples
from kerastune_ft.inspection.findings import (
    BARE,
    CONFLICTS,
    CONSTANT,
    DOUBLE,
    IMBALANCE,
    LABELS,
    NEAR,
    ODD_BOXES,
    OF_COLUMNS,
    OF_WRITTEN,
    OUTLIERS,
    PARTS,
    Finding,
    Inspection,
)
from kerastune_ft.inspection.reporter import Reporter
from kerastune_ft.inspection.written_reporter import WrittenReporter
from kerastune_ft.training.lost_files import naming_lost_files
from kerastune_ft.training.session.session import Session
from kerastune_ft.training.watch import Watcher
from kerastune_ft.wording import counted

_NEVER = {LABELS, OUTLIERS, IMBALANCE, DOUBLE, ODD_BOXES, BARE, PARTS} | OF_COLUMNS
_OF_TEXTS = "answers are texts, of which several may be right, so wrong ones were not looked for"
_OF_HIDDEN = "what is learnt are words of the texts themselves, so there are none"
_OF_SOUNDS = (
    "transcripts are texts, so wrong ones were not looked for, but for one sound with two; near copies of sounds are "
    "found by features of sounds, which a model that writes does not give"
)
_UNSOUGHT: Mapping[str, tuple[set[str], str]] = {
    LANGUAGE: (_NEVER | {CONFLICTS, CONSTANT}, _OF_TEXTS),
    MASKED: (_NEVER | OF_WRITTEN | {CONFLICTS, CONSTANT}, _OF_HIDDEN),
    PAIR: (_NEVER | {CONFLICTS, CONSTANT}, _OF_TEXTS),
    SPEECH: (_NEVER | OF_WRITTEN | {NEAR}, _OF_SOUNDS),
}


def inspect_answers(session: Session, watch: Watcher) -> Inspection:
    """Return what is found in the data of a session whose model writes, its test split included."""
    began = time.monotonic()
    source, modality = session.source, facts(session.config.task).modality
    indices = np.concatenate([source.splits[split] for split in SPLITS if split in source.splits])
    kind = CONTENTS[modality]
    seconds = len(indices) * (kind.seconds_to_read + kind.seconds_to_compare)
    cost = f"about {format_duration(seconds)}" if seconds >= 1 else "less than a second"
    watch.note(f"checking {counted(len(indices), 'example')} by what they say, without features: {cost}")
    examples = list_examples(session, indices)
    with naming_lost_files(source):
        contents: Any = kind.read(session, indices, lambda done, total: watch.work("reading the examples", done, total))
    copies = contents.find_copies(None, np.zeros(len(indices), np.int64), lambda done, total: None)
    exact = list_clusters(join_pairs(len(examples), pair_equal(contents.hashes)))
    near = [pair for pair in copies.pairs if contents.hashes[pair.first] != contents.hashes[pair.second]]
    answers = [source.label_texts[index] for index in indices.tolist()]
    conflicts = [held for held in exact if len({normalise_text(answers[position]) for position in held}) > 1]
    groups = None if source.groups is None else [source.groups[index] for index in indices]
    alike: list[Sequence[int]] = [*exact, *((pair.first, pair.second) for pair in near)]
    faults = [*contents.faults, *_LENGTHS[modality](source, indices, answers)]
    report = Reporter(examples)
    findings = [
        report.exact(exact),
        report.near(near, copies.least, contents.measure),
        report.conflicts(conflicts, exact),
        find_shared_groups(groups, [example.split for example in examples]),
        report.between_groups(find_copies_of_other_groups(groups, alike)),
        report.unreadable(source.info.skipped, _SKIPPING.get((session.config.data.kind, modality), _ANY)),
        report.flat(faults),
        report.sizes(faults),
        *_PROMPTS[modality](WrittenReporter(examples), contents),
    ]
    going = [(pair.first, pair.second) for pair in near if contents.may_replace(pair.first, pair.second)]
    flat = [fault for fault in faults if fault.kind == FLAT]
    unsought, why = _UNSOUGHT[modality]
    return Inspection(
        name=session.config.name,
        noun=MODALITIES[modality].noun,
        examples=examples,
        findings=[finding for finding in findings if finding is not None],
        exclusions=choose_left_out(examples, exact, going, conflicts, flat, ()),
        not_looked_for=[f"labels: {why}"],
        about={
            "backbone": None,
            "features": 0,
            "fingerprint": source.info.fingerprint,
            "seed": session.config.seed,
            "measure": contents.measure,
            "least": copies.least,
            "compared": copies.compared,
            "sizes": {split: len(own) for split, own in source.splits.items()},
            "excluded": dict(source.info.excluded),
            "seconds": time.monotonic() - began,
        },
        unsought=unsought,
    )


def _measure_speech(source: Any, indices: np.ndarray, answers: Sequence[str]) -> list[Fault]:
    """Return transcripts that are far too short or long for their sounds."""
    seconds = source.sound_seconds[indices]
    rates = [len(answer) / max(float(own), 0.01) for answer, own in zip(answers, seconds, strict=True)]
    return find_odd_lengths(rates, "its transcript has", "characters a second")


def _report_prompts(report: WrittenReporter, contents: Any) -> list[Finding | None]:
    return [
        report.several_answers(contents.find_several_answers()),
        report.like_prompts(contents.find_like_prompts(), contents.measure),
        report.echoes(contents.find_echoes()),
    ]


_ANY = ("on_bad_file", "on_missing")
# The options of data that leave out what cannot be learnt: the rows of a table of texts name no files.
_SKIPPING: Mapping[tuple[str, str], Sequence[str]] = dict.fromkeys(
    (("table", LANGUAGE), ("table", PAIR)), ("on_missing",)
)
_LENGTHS: Mapping[str, Callable[[Any, np.ndarray, Sequence[str]], list[Fault]]] = {
    LANGUAGE: lambda source, indices, answers: [],
    MASKED: lambda source, indices, answers: [],
    PAIR: lambda source, indices, answers: [],
    SPEECH: _measure_speech,
}
_PROMPTS: Mapping[str, Callable[[WrittenReporter, Any], list[Finding | None]]] = {
    LANGUAGE: _report_prompts,
    MASKED: lambda report, contents: [],
    PAIR: _report_prompts,
    SPEECH: lambda report, contents: [],
}
