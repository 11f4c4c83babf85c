"""A folder of images with one sub-folder per class, every file of it checked before training."""

from __future__ import annotations

import difflib
import os
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tensorflow as tf

from kerastune_ft.config.data import FolderData, Fractions, Named
from kerastune_ft.config.tasks import Task
from kerastune_ft.data.archive import is_archive, unpacked
from kerastune_ft.data.classes import number_classes
from kerastune_ft.data.fingerprint import combined_fingerprint
from kerastune_ft.data.images import CheckedImage, ImageCheck
from kerastune_ft.data.layout import FoundImage, found_images
from kerastune_ft.data.source import DataInfo, DataSource, Report, SkippedFile, counted, split_counts
from kerastune_ft.data.splits import absent_notes, choose_splits, dividable
from kerastune_ft.data.walk import Walk, holds_images
from kerastune_ft.errors import DataError

_SHOWN = 20


class FolderSource(DataSource):
    """Image files read by index."""

    def __init__(
        self,
        info: DataInfo,
        splits: dict[str, np.ndarray],
        labels: np.ndarray,
        keys: Sequence[str],
        paths: Sequence[str],
    ):
        self.info, self.splits, self.labels, self.keys = info, splits, labels, keys
        # Made once and captured: a constant inside the graph would be copied into every graph that reads.
        with tf.device("CPU:0"):
            self._paths = tf.constant([os.fsencode(os.path.abspath(path)) for path in paths])

    def element(self, index: tf.Tensor) -> dict[str, tf.Tensor]:
        """Return `image`: the file's bytes, in a format that `tf.io.decode_image` reads."""
        return {"image": tf.io.read_file(tf.gather(self._paths, index))}


def open_source(options: FolderData, task_options: Task, cache_directory: Path, report: Report) -> DataSource:
    """Open a folder of images, or an archive of one."""
    requested = dividable(options.splits, options.kind)
    found = _found(options, requested, cache_directory, report)
    raw = [image.label for image in found.images]
    classes, labels = number_classes(raw, found.keys, task_options.classes, f"the folder {options.path}")
    splits, split_notes = choose_splits(requested, _natural(found.images), labels, found.keys, classes)
    return _source(options, found, classes, labels, splits, split_notes)


def open_unsplit(
    options: FolderData, classes: Sequence[str] | Mapping[str, str], cache_directory: Path, report: Report
) -> DataSource:
    """Open a folder of images with these classes whole, all of it as the test split: other data to evaluate on."""
    # A request for fractions pools folders that look like splits.
    found = _found(options, Fractions(train=0.7, validation=0.15, test=0.15), cache_directory, report)
    wanted = dict(classes) if isinstance(classes, Mapping) else tuple(classes)
    raw = [image.label for image in found.images]
    names, labels = number_classes(raw, found.keys, wanted, f"the folder {options.path}")
    splits = {"test": np.arange(len(labels), dtype=np.int64)}
    return _source(options, found, names, labels, splits, absent_notes(splits, labels, names))


@dataclass(frozen=True)
class _Found:
    """The usable images of a folder, what was found out about each, and what to say about the rest."""

    images: list[FoundImage]
    checked: list[CheckedImage]
    skipped: tuple[SkippedFile, ...]
    notes: tuple[str, ...]

    @property
    def keys(self) -> list[str]:
        return [image.key for image in self.images]


def _found(options: FolderData, requested: Fractions | Named | None, cache_directory: Path, report: Report) -> _Found:
    walk = Walk(_root(Path(options.path), cache_directory, report))
    images, notes = found_images(walk, requested)
    intensity = None if options.intensity == "auto" else options.intensity
    checked = ImageCheck(walk.root, cache_directory, intensity, report).check([image.path for image in images])
    _refuse_deep(images, checked)
    images, checked, skipped = _without_bad(images, checked, options)
    return _Found(images, checked, skipped, (*walk.ignored.notes(), *notes))


def _source(
    options: FolderData,
    found: _Found,
    classes: tuple[str, ...],
    labels: np.ndarray,
    splits: dict[str, np.ndarray],
    split_notes: Sequence[str],
) -> FolderSource:
    rows = [(image.key, image.label, file.sha256) for image, file in zip(found.images, found.checked, strict=True)]
    info = DataInfo(
        kind="folder",
        name=Path(options.path).name,
        examples=len(found.images),
        classes=classes,
        counts=split_counts(splits, labels, classes),
        fingerprint=combined_fingerprint(rows),
        skipped=found.skipped,
        notes=(
            *found.notes,
            *split_notes,
            *_rotated(found.checked),
            *_repeated(found.images, found.checked, splits),
        ),
    )
    return FolderSource(info, splits, labels, found.keys, [file.path for file in found.checked])


def _root(path: Path, cache_directory: Path, report: Report) -> Path:
    """Return the data folder: the path itself, or what an archive holds."""
    if path.is_dir():
        return path
    if not path.exists():
        beside = [entry.name for entry in path.parent.iterdir()] if path.parent.is_dir() else []
        near = difflib.get_close_matches(path.name, beside, n=1, cutoff=0.6)
        hint = f'; did you mean "{path.parent / near[0]}"?' if near else "."
        raise DataError(f"data.path: {path} is not there{hint}\nGive a folder, a .zip or a .tar.")
    if not is_archive(path):
        raise DataError(f"data.path: {path} is neither a folder nor a .zip or .tar archive that can be read.")
    root = unpacked(path, cache_directory, report)
    inside = Walk(root).subfolders(root)
    # Most archives hold one folder that bears their name, and the class folders in it.
    if len(inside) == 1 and not holds_images(root) and Walk(root).subfolders(root / inside[0]):
        return root / inside[0]
    return root


def _natural(images: Sequence[FoundImage]) -> dict[str, np.ndarray]:
    names = dict.fromkeys(image.split for image in images if image.split is not None)
    return {name: np.flatnonzero([image.split == name for image in images]) for name in names}


def _refuse_deep(images: Sequence[FoundImage], checked: Sequence[CheckedImage]) -> None:
    """Raise DataError for images of more than 8 bits: their range is a decision that is not ours."""
    deep = [(image.key, file.deep_range) for image, file in zip(images, checked, strict=True) if file.deep_range]
    if deep:
        low = min(values[0] for _, values in deep)
        high = max(values[1] for _, values in deep)
        raise DataError(
            f"data.intensity: {len(deep)} of {len(images)} images have more than 8 bits per channel, with values from "
            f"{low:g} to {high:g}:\n{_listing([(key, '') for key, _ in deep])}\n"
            f'Say which range becomes 0 to 255, for instance  "intensity": [{low:g}, {high:g}]  in data, '
            "or convert the files to 8 bits."
        )


def _without_bad(
    images: list[FoundImage], checked: list[CheckedImage], options: FolderData
) -> tuple[list[FoundImage], list[CheckedImage], tuple[SkippedFile, ...]]:
    """Return the files without those that cannot be read; raise DataError where these are not to be skipped."""
    pairs = list(zip(images, checked, strict=True))
    bad = [(image, file) for image, file in pairs if file.problem]
    rules = {"on_bad_file": options.on_bad_file, "on_missing": options.on_missing}
    by_key = [
        ("on_missing" if file.is_missing else "on_bad_file", image.key, file.problem or "") for image, file in bad
    ]
    refused = [(key, reason) for rule, key, reason in by_key if rules[rule] == "error"]
    if refused:
        needed = sorted({rule for rule, _, _ in by_key if rules[rule] == "error"})
        remedy = ", ".join(f'"{rule}": "skip"' for rule in needed)
        raise DataError(
            f"data.path: {len(refused)} of {counted(len(images), 'image file')} in {options.path} cannot be used:\n"
            f"{_listing(refused)}\nRepair or remove them, or write  {remedy}  in data to leave them out."
        )
    good = [(image, file) for image, file in pairs if not file.problem]
    if not good:
        raise DataError(f"data.path: none of the {counted(len(images), 'image file')} in {options.path} can be read.")
    skipped = tuple(SkippedFile(image.key, file.problem or "") for image, file in bad)
    return [image for image, _ in good], [file for _, file in good], skipped


def _rotated(checked: Sequence[CheckedImage]) -> tuple[str, ...]:
    count = sum(file.is_rotated for file in checked)
    verb = "is" if count == 1 else "are"
    return (f"{counted(count, 'photo')} {verb} stored rotated (EXIF) and used as stored",) if count else ()


def _repeated(
    images: Sequence[FoundImage], checked: Sequence[CheckedImage], splits: dict[str, np.ndarray]
) -> tuple[str, ...]:
    """Return a warning for each sort of identical files that spoil what is measured."""
    split_of = {int(index): split for split, indices in splits.items() for index in indices}
    copies: dict[str, list[int]] = {}
    for index, file in enumerate(checked):
        copies.setdefault(file.sha256, []).append(index)
    found: Counter[str] = Counter()
    for same in copies.values():
        if len({split_of.get(index) for index in same}) > 1:
            found["in more than one split, so the metrics flatter the model"] += 1
        if len({images[index].label for index in same}) > 1:
            found["in more than one class, so one of the labels is wrong"] += 1
    return tuple(
        f"identical files: {counted(count, 'image')} {'is' if count == 1 else 'are'} {what}"
        for what, count in found.items()
    )


def _listing(rows: Sequence[tuple[str, str]]) -> str:
    lines = [f"  {key}  {reason}".rstrip() for key, reason in rows[:_SHOWN]]
    if len(rows) > _SHOWN:
        lines.append(f"  and {len(rows) - _SHOWN} more")
    return "\n".join(lines)
