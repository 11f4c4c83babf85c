"""A folder of images with one sub-folder per class, every file of it checked before training."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from kerastune_ft.config.data import FolderData, Fractions, PatternGroup, Splits
from kerastune_ft.config.tasks import Task
from kerastune_ft.data.archive import is_archive, unpacked
from kerastune_ft.data.fetched import fetched
from kerastune_ft.data.files import FileSource, listing, repeated_notes, rotated_notes, usable
from kerastune_ft.data.fingerprint import combined_fingerprint
from kerastune_ft.data.images import CheckedImage, ImageCheck
from kerastune_ft.data.labels import Labels, OneEach, number_labels
from kerastune_ft.data.layout import FoundFile, found_files
from kerastune_ft.data.source import DataSource, Report, SkippedFile, describe
from kerastune_ft.data.splits import Chosen, Examples, absent_notes, choose_splits
from kerastune_ft.data.walk import IMAGES, Sought, Walk, holds
from kerastune_ft.errors import DataError
from kerastune_ft.storage import path_of


def open_source(options: FolderData, task_options: Task, cache_directory: Path, report: Report) -> DataSource:
    """Open a folder of images, or an archive of one."""
    found = _found(options, options.splits, cache_directory, report)
    labels = number_labels(OneEach(found.labels), found.keys, task_options, f"the folder {options.path}")
    groups = pattern_groups(options.group, found.keys)
    examples = Examples.labelled(found.keys, labels, groups)
    chosen = choose_splits(options.splits, natural_splits(found.images), examples)
    return _source(options, found, labels, groups, chosen)


def open_unsplit(options: FolderData, task_options: Task, cache_directory: Path, report: Report) -> DataSource:
    """Open a folder of images whole, all of it as the test split: other data to evaluate on."""
    # A request for fractions pools folders that look like splits.
    found = _found(options, Fractions(train=0.7, validation=0.15, test=0.15), cache_directory, report)
    labels = number_labels(OneEach(found.labels), found.keys, task_options, f"the folder {options.path}")
    splits = {"test": np.arange(len(found.keys), dtype=np.int64)}
    examples = Examples.labelled(found.keys, labels)
    return _source(options, found, labels, None, Chosen(splits, absent_notes(splits, examples), {}))


@dataclass(frozen=True)
class _Found:
    """The usable images of a folder, what was found out about each, and what to say about the rest."""

    images: list[FoundFile]
    checked: list[CheckedImage]
    skipped: tuple[SkippedFile, ...]
    notes: tuple[str, ...]

    @property
    def keys(self) -> list[str]:
        return [image.key for image in self.images]

    @property
    def labels(self) -> list[str]:
        return [image.label for image in self.images]


def _found(options: FolderData, requested: Splits | None, cache_directory: Path, report: Report) -> _Found:
    # Where bad files are left out, a DICOM file is one of them.
    walk = Walk(root_of(path_of(options.path), cache_directory, report), takes_dicom=options.on_bad_file == "skip")
    images, notes = found_files(walk, requested)
    intensity = None if options.intensity == "auto" else options.intensity
    checked = ImageCheck(walk.root, cache_directory, intensity, report).check([image.path for image in images])
    kept, skipped = usable([image.key for image in images], checked, options)
    _check_classes(images, kept, walk.root)
    notes = [*walk.ignored.notes(), *notes]
    return _Found([images[index] for index in kept], [checked[index] for index in kept], skipped, tuple(notes))


def _check_classes(images: Sequence[FoundFile], kept: Sequence[int], root: Path) -> None:
    """Raise DataError where a class would go away with its last file left out."""
    left = {images[index].label for index in kept}
    empty = sorted({image.label for image in images} - left)
    if empty:
        raise DataError(
            f"data.path: these class folders of {root} have no image that can be read: {', '.join(empty)}.\n"
            "Repair the files, convert DICOM with scripts/dicom_to_png.py, or take the folder away."
        )


def _source(
    options: FolderData, found: _Found, labels: Labels, groups: Sequence[str] | None, chosen: Chosen
) -> FileSource:
    rows = [(image.key, image.label, file.sha256) for image, file in zip(found.images, found.checked, strict=True)]
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
            *rotated_notes(found.checked),
            *repeated_notes(found.checked, labels, chosen.splits),
        ),
    )
    return FileSource(catalogue, found.checked)


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
            f"{listing([(key, '') for key in without])}\n"
            "Write a pattern whose one group in parentheses is the name of the group in every path."
        )
    return [match[1] for match in matches if match is not None]


def root_of(path: Path, cache_directory: Path, report: Report, sought: Sought = IMAGES) -> Path:
    """Return the data folder: the path itself, or what an archive holds."""
    if path.is_dir():
        return path
    if not path.exists():
        beside = [entry.name for entry in path.parent.iterdir()] if path.parent.is_dir() else []
        near = difflib.get_close_matches(path.name, beside, n=1, cutoff=0.6)
        hint = f'; did you mean "{path.parent / near[0]}"?' if near else "."
        raise DataError(f"data.path: {path} is not there{hint}\nGive a folder, a .zip or a .tar.")
    archive = fetched(path, cache_directory, report)
    if not is_archive(archive):
        raise DataError(f"data.path: {path} is neither a folder nor a .zip or .tar archive that can be read.")
    root = unpacked(archive, cache_directory, report)
    inside = Walk(root).subfolders(root)
    # Most archives hold one folder that bears their name, and the class folders in it.
    if len(inside) == 1 and not holds(root, sought) and Walk(root).subfolders(root / inside[0]):
        return root / inside[0]
    return root


def natural_splits(images: Sequence[FoundFile]) -> dict[str, np.ndarray]:
    """Return the examples of the splits that folders bear the names of."""
    names = dict.fromkeys(image.split for image in images if image.split is not None)
    return {name: np.flatnonzero([image.split == name for image in images]) for name in names}
