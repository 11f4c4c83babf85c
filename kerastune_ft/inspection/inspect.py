"""Checks the data of a configuration: opens it as `plan` does, reads features as `run` does, and looks for faults."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np

from kerastune_ft.config.options.data import SPLITS
from kerastune_ft.config.options.task_facts import SEVERAL_INPUTS, facts
from kerastune_ft.config.run import RunConfig
from kerastune_ft.data.modalities import MODALITIES
from kerastune_ft.data.texts.placeholders import find_placeholder_notes
from kerastune_ft.durations import format_duration
from kerastune_ft.inspection.balance import find_copies_of_other_groups, find_imbalance, find_shared_groups
from kerastune_ft.inspection.choice import choose_left_out
from kerastune_ft.inspection.clusters import join_pairs, list_clusters, pair_equal
from kerastune_ft.inspection.columns import find_in_columns
from kerastune_ft.inspection.contents.base import Contents, Copies
from kerastune_ft.inspection.contents.build import CONTENTS
from kerastune_ft.inspection.contents.several import Several
from kerastune_ft.inspection.examples import list_examples
from kerastune_ft.inspection.findings import (
    BARE,
    DOUBLE,
    LABELS,
    ODD_BOXES,
    OF_COLUMNS,
    OF_WRITTEN,
    PARTS,
    Example,
    Finding,
    Inspection,
)
from kerastune_ft.inspection.labels.base import Suspect
from kerastune_ft.inspection.labels.build import FIND_ALONE, FIND_SUSPECTS, WATCHED, find_apart
from kerastune_ft.inspection.labels.out_of_fold import FOLDS, assign_folds
from kerastune_ft.inspection.neighbours import estimate_bytes, find_neighbours_of_parts
from kerastune_ft.inspection.outliers import find_outliers
from kerastune_ft.inspection.reporter import Reporter
from kerastune_ft.inspection.written import inspect_answers
from kerastune_ft.probing.features import estimate_seconds, read_pooled
from kerastune_ft.training.devices.devices import Devices
from kerastune_ft.training.lost_files import naming_lost_files
from kerastune_ft.training.session.assemble import assemble
from kerastune_ft.training.session.session import Session
from kerastune_ft.training.watch import Watcher
from kerastune_ft.wording import counted

_NEIGHBOURS = 8
# Deviations of all values by which those of copies differ that do not agree.
_UNLIKE = 0.5
# The cosine of a pair costs about so much, for features of 1,000 numbers.
_SECONDS_OF_PAIR = 4e-8


def open_for_check(config: RunConfig, devices: Devices, watch: Watcher) -> Session:
    """Return the session of a configuration, whose damaged and missing files are left out and said, not refused."""
    data = config.data
    kinds = {"folder", "table"}
    skipping = {"on_bad_file": "skip", "on_missing": "skip"} if data.kind in kinds else {}
    # Copies and odd examples are looked for among whole pictures, whatever a run cuts them into.
    config = config.model_copy(update={"data": data.model_copy(update={**skipping, "tiles": None}), "python": None})
    return assemble(config, devices, watch.note)


def describe_cost(session: Session, indices: np.ndarray) -> str:
    """Return in a sentence what a check of these examples will cost, by sums that were measured on one processor."""
    kinds = [CONTENTS[own] for own in _list_modalities(session)]
    count = len(indices)
    backbone = estimate_seconds(session, tuple(session.source.splits))
    rest = count * sum(kind.seconds_to_read + kind.seconds_to_compare for kind in kinds)
    rest += sum(_SECONDS_OF_PAIR + kind.seconds_of_pair for kind in kinds) * count**2
    kept = count * sum(kind.bytes_kept + 4 * 2048 for kind in kinds) + estimate_bytes(count)
    return (
        f"checking {counted(count, 'example')}: features by {session.backbone.name} take about "
        f"{format_duration(backbone)}, unless they are stored already, and serve a run afterwards; reading and "
        f"comparing the examples about {format_duration(rest)} of one processor, and up to "
        f"{max(1, round(kept / 1e6))} MB of memory"
    )


def inspect_data(session: Session, watch: Watcher) -> Inspection:
    """Return what is found in the data of a session, its test split included; the same each time."""
    source, known = session.source, facts(session.config.task)
    for note in find_placeholder_notes(source.info.notes):
        watch.note(note)
    if known.learns_tokens:
        return inspect_answers(session, watch)
    began = time.monotonic()
    indices = np.concatenate([source.splits[split] for split in SPLITS if split in source.splits])
    examples = list_examples(session, indices)
    splits = [example.split for example in examples]
    watch.note(describe_cost(session, indices))
    with naming_lost_files(source):
        by_part = read_pooled(session, watch, tuple(split for split in SPLITS if split in source.splits))
        contents = CONTENTS[session.config.modality].read(session, indices, _progress(watch, "reading the examples"))
    features = np.concatenate(list(by_part.values()), axis=1)
    strata = _number_strata(session, indices)
    neighbours = find_neighbours_of_parts(by_part, _NEIGHBOURS)
    copies = contents.find_copies(neighbours, strata, _progress(watch, "comparing candidates"))
    exact = pair_equal(contents.hashes)
    near = [pair for pair in copies.pairs if contents.hashes[pair.first] != contents.hashes[pair.second]]
    joined = join_pairs(len(examples), [*exact, *((pair.first, pair.second) for pair in near)])
    suspects = _find_suspects(session, features, indices, strata, joined, watch)
    exact_clusters = list_clusters(join_pairs(len(examples), exact))
    # A copy of a copy may be none, so near copies are judged pair by pair.
    pairs = [(pair.first, pair.second) for pair in near]
    alike: list[Sequence[int]] = [*exact_clusters, *pairs]
    # A mask or boxes fit one image to the pixel, and no other that is only like it.
    is_dense = session.task.predicts_masks or session.task.predicts_boxes
    conflicts = _find_conflicts(session, indices, examples, exact_clusters if is_dense else alike)
    groups = None if source.groups is None else [source.groups[index] for index in indices]
    report = Reporter(examples)
    findings = [
        report.exact(exact_clusters),
        report.near(near, copies.least, contents.measure),
        report.conflicts(conflicts, exact_clusters),
        report.suspects(suspects),
        find_shared_groups(groups, splits),
        report.between_groups(find_copies_of_other_groups(groups, alike)),
        *_find_in_parts(contents, report, examples, join_pairs(len(examples), [*exact, *pairs])),
        report.unreadable(source.info.skipped),
        report.flat(contents.faults, contents.list_empty()),
        report.sizes(contents.faults),
        report.outliers(find_outliers(neighbours)),
        *_find_in_labels(session, indices, splits),
    ]
    conflicting = _leave_out_values(session, conflicts)
    return Inspection(
        name=session.config.name,
        noun=MODALITIES[session.config.modality].noun,
        examples=examples,
        findings=[finding for finding in findings if finding is not None],
        exclusions=choose_left_out(examples, exact_clusters, pairs, conflicting, contents.list_empty(), suspects or ()),
        not_looked_for=[*_list_missing(session, suspects), *getattr(contents, "notes", ())],
        about=_describe(session, contents, copies, features, time.monotonic() - began),
        unsought=_list_unsought(session, contents, suspects),
    )


def _list_modalities(session: Session) -> list[str]:
    """Return the modality of each picture, text or sound of an example."""
    if session.config.modality != SEVERAL_INPUTS:
        return [session.config.modality]
    return [part.backbone.input.modality for part in session.parts.values()]


def _find_in_parts(
    contents: Contents, report: Reporter, examples: Sequence[Example], joined: np.ndarray
) -> list[Finding | None]:
    """Return what is found in the parts of examples with several inputs; `joined` numbers copies of whole examples."""
    if not isinstance(contents, Several):
        return []
    splits = [example.split for example in examples]
    return [report.shared_parts(contents.find_shared(splits, joined)), *find_in_columns(contents.cells, splits)]


def _number_strata(session: Session, indices: np.ndarray) -> np.ndarray:
    """Return a number for each example that those of one class, of one set of classes or of like values share."""
    strata = session.source.label_set.strata[0][indices]
    if strata.ndim == 1:
        return strata.astype(np.int64)
    _, numbers = np.unique(strata, axis=0, return_inverse=True)
    return numbers.reshape(-1).astype(np.int64)


def _find_suspects(
    session: Session, features: np.ndarray, indices: np.ndarray, strata: np.ndarray, joined: np.ndarray, watch: Watcher
) -> list[Suspect] | None:
    """Return the doubtful labels; None where this kind of labels cannot be looked at so."""
    source = session.source
    find = FIND_SUSPECTS.get(facts(session.config.task).labels)
    is_test = np.isin(indices, source.splits.get("test", ()))
    if find is None or np.count_nonzero(~is_test) < 4 * FOLDS:
        return None
    bundles = joined
    if source.groups is not None:
        pairs = [*pair_equal([source.groups[index] for index in indices]), *enumerate(joined.tolist())]
        bundles = join_pairs(len(indices), pairs)
    watch.note(f"fitting linear models to {FOLDS - 1} of {FOLDS} parts of the examples, to ask them about the fifth")
    folds = assign_folds(strata, bundles, source.identities[indices], session.config.seed)
    if len(np.unique(folds[~is_test])) < 2:
        return None
    return find_apart(find, features, source.labels[indices], session.task.scheme.names, folds, is_test)


def _find_in_labels(session: Session, indices: np.ndarray, splits: Sequence[str]) -> list[Finding | None]:
    """Return what is found in the labels by themselves: rare classes, and faults of boxes."""
    kind, source = facts(session.config.task).labels, session.source
    if kind in FIND_ALONE:
        return FIND_ALONE[kind](source.label_set, indices, splits)
    return [find_imbalance(source.info.counts, WATCHED.get(kind, "macro F1"))]


def _find_conflicts(
    session: Session, indices: np.ndarray, examples: Sequence[Example], alike: Sequence[Sequence[int]]
) -> list[Sequence[int]]:
    """Return the copies whose labels differ: of values by more than is small."""
    numbers = session.source.labels[indices]
    if not session.task.scheme.has_classes:
        usual = np.maximum(numbers.std(axis=0), 1e-12)
        return [held for held in alike if (np.ptp(numbers[list(held)], axis=0) > _UNLIKE * usual).any()]
    return [held for held in alike if not all(examples[position].agrees_with(examples[held[0]]) for position in held)]


def _leave_out_values(session: Session, conflicts: Sequence[Sequence[int]]) -> Sequence[Sequence[int]]:
    """Return the conflicts for which examples are left out: none of values, which are measured with some error."""
    return conflicts if session.task.scheme.has_classes else []


def _list_unsought(session: Session, contents: Contents, suspects: Sequence[Suspect] | None) -> Collection[str]:
    of_boxes = set() if session.task.predicts_boxes else {DOUBLE, ODD_BOXES, BARE}
    of_parts = set() if isinstance(contents, Several) else {PARTS}
    of_columns = set() if isinstance(contents, Several) and contents.cells.names else OF_COLUMNS
    return of_boxes | of_parts | of_columns | OF_WRITTEN | ({LABELS} if suspects is None else set())


def _list_missing(session: Session, suspects: Sequence[Suspect] | None) -> list[str]:
    if suspects is not None:
        return []
    if facts(session.config.task).labels not in FIND_SUSPECTS:
        return ["labels: those of this task are no function of one row of features, so wrong ones were not looked for"]
    return ["labels: there are too few examples, or groups, to look for wrong ones"]


def _describe(
    session: Session, contents: Contents, copies: Copies, features: np.ndarray, seconds: float
) -> Mapping[str, Any]:
    return {
        "backbone": session.backbone.name,
        "features": int(features.shape[1]),
        "fingerprint": session.source.info.fingerprint,
        "seed": session.config.seed,
        "measure": contents.measure,
        "least": copies.least,
        "compared": copies.compared,
        "sizes": {split: len(own) for split, own in session.source.splits.items()},
        "excluded": dict(session.source.info.excluded),
        "seconds": seconds,
    }


def _progress(watch: Watcher, what: str) -> Any:
    def show(done: int, total: int) -> None:
        if done == total or not done % 64:
            watch.work(what, done, total)

    return show
