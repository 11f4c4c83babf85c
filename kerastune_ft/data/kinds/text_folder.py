"""A folder of .txt files with one sub-folder per class, each file a text."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from kerastune_ft.config.options.data import FolderData, Fractions, Splits
from kerastune_ft.config.options.tasks import Task
from kerastune_ft.data.files.class_folders import ClassFile, find_class_files
from kerastune_ft.data.files.find import TEXTS, Walk
from kerastune_ft.data.files.fingerprint import combined_fingerprint
from kerastune_ft.data.kinds.folder import natural_splits, pattern_groups, root_of
from kerastune_ft.data.labels.labels import Labels, SingleLabels, number_labels
from kerastune_ft.data.records import describe
from kerastune_ft.data.remedies import how_to_skip
from kerastune_ft.data.source import DataSource, Report, SkippedFile
from kerastune_ft.data.splits.choose import ChosenSplits, choose_splits, notes_on_absent_classes
from kerastune_ft.data.splits.examples import SplitExamples
from kerastune_ft.data.texts import Texts, TextSource, find_complete, notes_on, read_text, text_identity
from kerastune_ft.errors import DataError
from kerastune_ft.storage import path_of
from kerastune_ft.wording import counted, lines


def open_source(options: FolderData, task_options: Task, cache_directory: Path, report: Report) -> DataSource:
    """Open a folder of texts, or an archive of one."""
    files, texts, skipped, notes = _found(options, options.splits, cache_directory, report)
    groups = pattern_groups(options.group, [file.key for file in files])
    labels = _labels(options, files, task_options)
    chosen = choose_splits(options.splits, natural_splits(files), _examples(files, labels, groups))
    return _source(options, files, texts, labels, groups, chosen, skipped, notes)


def open_unsplit(options: FolderData, task_options: Task, cache_directory: Path, report: Report) -> DataSource:
    """Open a folder of texts whole, all of it as the test split: other data to evaluate on."""
    # A request for fractions pools folders that look like splits.
    pooled = Fractions(train=0.7, validation=0.15, test=0.15)
    files, texts, skipped, notes = _found(options, pooled, cache_directory, report)
    labels = _labels(options, files, task_options)
    splits = {"test": np.arange(len(files), dtype=np.int64)}
    chosen = ChosenSplits(splits, notes_on_absent_classes(splits, _examples(files, labels, None)), {})
    return _source(options, files, texts, labels, None, chosen, skipped, notes)


_Found = tuple[list[ClassFile], list[Texts], tuple[SkippedFile, ...], list[str]]


def _found(options: FolderData, requested: Splits | None, cache_directory: Path, report: Report) -> _Found:
    walk = Walk(root_of(path_of(options.path), cache_directory, report, TEXTS), sought=TEXTS)
    files, notes = find_class_files(walk, requested)
    read: list[tuple[ClassFile, str]] = []
    bad: list[SkippedFile] = []
    for file in files:
        try:
            read.append((file, read_text(file.path)))
        except DataError as problem:
            bad.append(SkippedFile(file.key, str(problem)))
    if bad and options.on_bad_file == "error":
        raise DataError(
            f"data.path: {len(bad)} of {counted(len(files), 'text file')} in {options.path} cannot be used:\n"
            f"{lines([(file.path, file.reason) for file in bad])}\n"
            f"Write them in UTF-8, or {how_to_skip(['on_bad_file'], 'them')}."
        )
    texts: list[Texts] = [(text,) for _, text in read]
    kept, empty = find_complete(texts, [file.key for file, _ in read], options.on_missing, str(options.path))
    notes = [*walk.ignored.notes(), *notes]
    return [read[index][0] for index in kept], [texts[index] for index in kept], (*bad, *empty), notes


def _labels(options: FolderData, files: Sequence[ClassFile], task: Task) -> Labels:
    raw = SingleLabels([file.label for file in files])
    return number_labels(raw, [file.key for file in files], task, f"the folder {options.path}")


def _examples(files: Sequence[ClassFile], labels: Labels, groups: Sequence[str] | None) -> SplitExamples:
    return replace(SplitExamples.labelled([file.key for file in files], labels, groups), noun="text")


def _source(
    options: FolderData,
    files: Sequence[ClassFile],
    texts: Sequence[Texts],
    labels: Labels,
    groups: Sequence[str] | None,
    chosen: ChosenSplits,
    skipped: tuple[SkippedFile, ...],
    notes: Sequence[str],
) -> TextSource:
    hashes = [hashlib.sha256(text.encode()).hexdigest() for (text,) in texts]
    keys = [file.key for file in files]
    catalogue = describe(
        "folder",
        Path(options.path).name,
        labels,
        chosen,
        combined_fingerprint(zip(keys, [file.label for file in files], hashes, strict=True)),
        keys,
        [text_identity(each) for each in texts],
        groups,
        skipped=skipped,
        notes=(*notes, *chosen.notes, *notes_on(texts, skipped, labels, chosen.splits)),
    )
    return TextSource(catalogue, texts)
