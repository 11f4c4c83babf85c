"""From the records of a data set to a source: labels numbered, splits chosen, the whole described."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from kerastune_ft.config.options.data import Splits
from kerastune_ft.config.options.tasks import Task
from kerastune_ft.data.exclude import Exclusion, note_exclusion
from kerastune_ft.data.files.fingerprint import combined_fingerprint
from kerastune_ft.data.inputs import Inputs
from kerastune_ft.data.labels.base import Labels
from kerastune_ft.data.labels.doubtful import note_doubtful
from kerastune_ft.data.labels.number import number_labels
from kerastune_ft.data.records import Records
from kerastune_ft.data.source import Catalogue, DataInfo, DataSource, SkippedFile
from kerastune_ft.data.splits.choose import ChosenSplits, all_as_test, choose_splits
from kerastune_ft.data.splits.examples import SplitExamples
from kerastune_ft.data.splits.notes import groups_by_split, note_split_labels
from kerastune_ft.data.splits.recorded import PresentExamples, RecordedExamples
from kerastune_ft.rules import NEWEST, Rules


def build_source(
    records: Records,
    requested: Splits | None,
    task: Task,
    noun: str,
    *,
    unsplit: bool = False,
    recorded: RecordedExamples | None = None,
    exclusion: Exclusion | None = None,
    rules: Rules = NEWEST,
) -> DataSource:
    """Return the source of the records, or raise DataError where labels or splits cannot be as the options say.

    `requested` is data.splits; with `unsplit` all examples are the test split. `noun` is what an example is called.
    `recorded` are the examples of an earlier run, whose splits are taken instead; `exclusion` says which are taken out
    of the splits; `rules` are those of the run.
    """
    (inputs,) = records.inputs.values()
    if records.groups is None and (own := inputs.default_groups) is not None:
        records = replace(records, groups=own.groups, notes=(*records.notes, *own.notes))
    labels = number_labels(records.labels, records.names, task, records.place, inputs.sizes, rules)
    examples = SplitExamples.from_labels(records.keys, labels, records.groups, records.column, noun, rules)
    hashes = inputs.contents if inputs.hash_inputs is None else inputs.hash_inputs()
    if exclusion is not None:
        if recorded is None:
            exclusion.check_known(records.keys, hashes, [file.path for file in records.skipped])
        examples = replace(examples, excluded=exclusion.find(records.keys, hashes))
    fingerprint = _fingerprint(records, inputs, examples.excluded)
    if recorded is not None:
        present = PresentExamples(records.keys, labels.row_texts, hashes, fingerprint, examples.excluded.tolist())
        return inputs.make_source(_describe_earlier(records, inputs, labels, examples, present, recorded))
    is_listed = getattr(task, "classes", None) is not None
    chosen = all_as_test(examples) if unsplit else choose_splits(requested, records.given_splits, examples)
    catalogue = describe(
        records.kind,
        records.name,
        labels,
        chosen,
        fingerprint,
        records.keys,
        labels.join_contents(inputs.contents),
        records.groups,
        skipped=records.skipped,
        notes=(
            *records.notes,
            *note_doubtful(labels, is_listed),
            *note_split_labels(labels, is_listed),
            *labels.find_notes(chosen.splits),
            *chosen.notes,
            *inputs.find_notes(records.skipped, labels, chosen.splits),
            *([note_exclusion(exclusion.file, chosen.excluded)] if exclusion and chosen.excluded else []),
        ),
    )
    return inputs.make_source(replace(catalogue, input_hashes=hashes))


def _describe_earlier(
    records: Records,
    inputs: Inputs,
    labels: Labels,
    examples: SplitExamples,
    present: PresentExamples,
    recorded: RecordedExamples,
) -> Catalogue:
    """Return the data of an earlier run in the splits that the run recorded, with what the run said of them."""
    found = recorded.find(present)
    chosen = ChosenSplits(found.splits, (), groups_by_split(found.splits, examples), dict(recorded.excluded))
    catalogue = describe(
        records.kind,
        records.name,
        labels,
        chosen,
        present.fingerprint,
        records.keys,
        labels.join_contents(inputs.contents),
        records.groups,
        skipped=records.skipped,
        notes=recorded.notes,
    )
    return replace(catalogue, input_hashes=present.contents, change=found.change)


def _fingerprint(records: Records, inputs: Inputs, excluded: np.ndarray) -> str:
    """Return what changes with the input or label of any example, and with the cells that decide its split.

    Examples that are left out do not count, so leaving out another is a change.
    """
    left_out = set(excluded.tolist())
    every = zip(records.keys, records.label_texts, inputs.hashes, *records.split_cells, strict=True)
    rows = [row for index, row in enumerate(every) if index not in left_out]
    return combined_fingerprint([*rows, *inputs.shared])


def describe(
    kind: str,
    name: str,
    labels: Labels,
    chosen: ChosenSplits,
    fingerprint: str,
    keys: Sequence[str],
    contents: Sequence[str],
    groups: Sequence[str] | None = None,
    *,
    skipped: tuple[SkippedFile, ...] = (),
    notes: Sequence[str] = (),
) -> Catalogue:
    """Return labelled and divided data with its description; `notes` are what the user should read about it.

    `contents` are by example what its content follows from, see Catalogue.
    """
    splits = chosen.splits
    info = DataInfo(
        kind=kind,
        name=name,
        examples=len(labels.numbers) - sum(chosen.excluded.values()),
        classes=labels.classes,
        sizes={split: len(indices) for split, indices in splits.items()},
        counts={split: labels.counts(indices) for split, indices in splits.items()} if labels.classes else {},
        values={} if labels.classes else {split: labels.statistics(indices) for split, indices in splits.items()},
        groups=chosen.groups,
        fingerprint=fingerprint,
        skipped=skipped,
        excluded=chosen.excluded,
        notes=tuple(notes),
    )
    return Catalogue(info, splits, labels, keys, contents, groups)
