"""A folder of images or sounds with one sub-folder per class, every file of it checked before training."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from kerastune_ft.config.options.data import FolderData, Fractions, PatternGroup, Splits
from kerastune_ft.config.options.tasks import Task
from kerastune_ft.data.files.archive import is_archive, unpack_archive
from kerastune_ft.data.files.check import CheckedFile
from kerastune_ft.data.files.class_folders import ClassFile, find_class_files
from kerastune_ft.data.files.download import fetch_to_cache
from kerastune_ft.data.files.file_source import FileSource, repeated_notes, usable
from kerastune_ft.data.files.find import IMAGES, FileKind, Walk, holds
from kerastune_ft.data.files.fingerprint import combined_fingerprint
from kerastune_ft.data.labels.labels import Labels, SingleLabels, number_labels
from kerastune_ft.data.modalities import Medium, medium_of
from kerastune_ft.data.records import describe
from kerastune_ft.data.source import DataSource, Report, SkippedFile
from kerastune_ft.data.splits.choose import ChosenSplits, choose_splits, notes_on_absent_classes
from kerastune_ft.data.splits.examples import SplitExamples
from kerastune_ft.errors import DataError
from kerastune_ft.storage import path_of
from kerastune_ft.wording import lines


def open_source(options: FolderData, task_options: Task, cache_directory: Path, report: Report) -> DataSource:
    """Open a folder of images or sounds, or an archive of one."""
    found = _found(options, medium_of(task_options), options.splits, cache_directory, report)
    labels = number_labels(SingleLabels(found.labels), found.keys, task_options, f"the folder {options.path}")
    groups = pattern_groups(options.group, found.keys)
    examples = replace(SplitExamples.labelled(found.keys, labels, groups), noun=found.medium.sought.noun)
    chosen = choose_splits(options.splits, natural_splits(found.files), examples)
    return _source(options, found, labels, groups, chosen)


def open_unsplit(options: FolderData, task_options: Task, cache_directory: Path, report: Report) -> DataSource:
    """Open a folder whole, all of it as the test split: other data to evaluate on."""
    # A request for fractions pools folders that look like splits.
    whole = Fractions(train=0.7, validation=0.15, test=0.15)
    found = _found(options, medium_of(task_options), whole, cache_directory, report)
    labels = number_labels(SingleLabels(found.labels), found.keys, task_options, f"the folder {options.path}")
    splits = {"test": np.arange(len(found.keys), dtype=np.int64)}
    examples = replace(SplitExamples.labelled(found.keys, labels), noun=found.medium.sought.noun)
    return _source(options, found, labels, None, ChosenSplits(splits, notes_on_absent_classes(splits, examples), {}))


@dataclass(frozen=True)
class _Found:
    """The usable files of a folder, what was found out about each, and what to say about the rest."""

    medium: Medium
    files: list[ClassFile]
    checked: list[CheckedFile]
    skipped: tuple[SkippedFile, ...]
    notes: tuple[str, ...]

    @property
    def keys(self) -> list[str]:
        return [file.key for file in self.files]

    @property
    def labels(self) -> list[str]:
        return [file.label for file in self.files]


def _found(
    options: FolderData, medium: Medium, requested: Splits | None, cache_directory: Path, report: Report
) -> _Found:
    # Where bad files are left out, a DICOM file is one of them.
    takes_refused = options.on_bad_file == "skip"
    root = root_of(path_of(options.path), cache_directory, report, medium.sought)
    walk = Walk(root, takes_refused=takes_refused, sought=medium.sought)
    files, notes = find_class_files(walk, requested)
    checked = medium.check(options, walk.root, cache_directory, report).check([file.path for file in files])
    medium.refuse([file.key for file in files], checked)
    kept, skipped = usable([file.key for file in files], checked, options, medium.sought.noun)
    _check_classes(files, kept, walk)
    notes = [*walk.ignored.notes(), *notes]
    return _Found(medium, [files[index] for index in kept], [checked[index] for index in kept], skipped, tuple(notes))


def _check_classes(files: Sequence[ClassFile], kept: Sequence[int], walk: Walk) -> None:
    """Raise DataError where a class would go away with its last file left out."""
    left = {files[index].label for index in kept}
    empty = sorted({file.label for file in files} - left)
    if empty:
        raise DataError(
            f"data.path: these class folders of {walk.root} have no {walk.sought.noun} that can be read: "
            f"{', '.join(empty)}.\n"
            f"Repair the files, {walk.sought.conversion}, or take the folder away."
        )


def _source(
    options: FolderData, found: _Found, labels: Labels, groups: Sequence[str] | None, chosen: ChosenSplits
) -> FileSource:
    rows = [(file.key, file.label, checked.sha256) for file, checked in zip(found.files, found.checked, strict=True)]
    catalogue = describe(
        "folder",
        Path(options.path).name,
        labels,
        chosen,
        combined_fingerprint(rows),
        found.keys,
        [file.content for file in found.checked],
        groups,
        skipped=found.skipped,
        notes=(
            *found.notes,
            *chosen.notes,
            *found.medium.notes(found.checked),
            *repeated_notes(found.checked, labels, chosen.splits, found.medium.sought.noun),
        ),
    )
    return found.medium.source(catalogue, found.checked)


def pattern_groups(options: PatternGroup | None, keys: Sequence[str]) -> list[str] | None:
    """Return the group of every file, which the one group of the pattern finds in its relative path."""
    if options is None:
        return None
    pattern = re.compile(options.pattern)
    matches = [pattern.search(key) for key in keys]
    without = [key for key, match in zip(keys, matches, strict=True) if match is None or match[1] is None]
    if without:
        raise DataError(
            f"data.group.pattern: {options.pattern!r} is not found in {len(without)} of {len(keys)} relative paths:\n"
            f"{lines([(key, '') for key in without])}\n"
            "Write a pattern whose one group in parentheses is the name of the group in every path."
        )
    return [match[1] for match in matches if match is not None]


def root_of(path: Path, cache_directory: Path, report: Report, sought: FileKind = IMAGES) -> Path:
    """Return the data folder: the path itself, or what an archive holds."""
    if path.is_dir():
        return path
    if not path.exists():
        beside = [entry.name for entry in path.parent.iterdir()] if path.parent.is_dir() else []
        near = difflib.get_close_matches(path.name, beside, n=1, cutoff=0.6)
        hint = f'; did you mean "{path.parent / near[0]}"?' if near else "."
        raise DataError(f"data.path: {path} is not there{hint}\nGive a folder, a .zip or a .tar.")
    archive = fetch_to_cache(path, cache_directory, report)
    if not is_archive(archive):
        raise DataError(f"data.path: {path} is neither a folder nor a .zip or .tar archive that can be read.")
    root = unpack_archive(archive, cache_directory, report)
    inside = Walk(root).subfolders(root)
    # Most archives hold one folder that bears their name, and the class folders in it.
    if len(inside) == 1 and not holds(root, sought) and Walk(root).subfolders(root / inside[0]):
        return root / inside[0]
    return root


def natural_splits(files: Sequence[ClassFile]) -> dict[str, np.ndarray]:
    """Return the examples of the splits that folders bear the names of."""
    names = dict.fromkeys(file.split for file in files if file.split is not None)
    return {name: np.flatnonzero([file.split == name for file in files]) for name in names}
