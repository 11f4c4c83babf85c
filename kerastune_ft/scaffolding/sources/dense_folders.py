"""Inspecting folders of images whose labels lie in them: boxes in one of several formats, or masks."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from PIL import Image

from kerastune_ft.config.options.data import SPLITS, FolderData
from kerastune_ft.config.options.runtime import Runtime, cache_directory
from kerastune_ft.config.options.tasks import ObjectDetection
from kerastune_ft.data.annotations.boxes.read import FORMATS, NAMES, find_formats
from kerastune_ft.data.files.find import IMAGES, FileKind, Walk
from kerastune_ft.data.labels.raw import BoxList
from kerastune_ft.data.modality import ReadContext
from kerastune_ft.data.splits.names import split_names
from kerastune_ft.errors import DataError
from kerastune_ft.scaffolding.findings import DataFindings, add_splits, add_with_reason
from kerastune_ft.streams import say
from kerastune_ft.wording import counted, first_names

_TRAIN_SHARE = 0.7
_MASKS, _IMAGES = "masks", "images"
_OUTLINED = "coco"
_OPENED = 60
# Masks with more values number objects, or are photos.
_MOST_VALUES = 32
_BYTE = 255
_SHOWN = 8


def inspect_dense(root: Path, written: str, kind: FileKind) -> DataFindings | None:
    """Inspect a folder of images with boxes or masks; None where it has neither.

    `written` is the path as the configuration will have it.
    """
    if kind is not IMAGES:
        return None
    if found := _find_masks(root):
        return _inspect_masks(found, written)
    options = FolderData(path=str(root))
    try:
        formats = find_formats(Walk(root), options)
    except DataError:
        return None
    return _inspect_boxes(root, written, formats) if formats else None


def _inspect_boxes(root: Path, written: str, formats: Mapping[str, str]) -> DataFindings:
    name, file = next(iter(formats.items()))
    options = FolderData(path=str(root), annotations=name, on_bad_file="skip", on_missing="skip")  # type: ignore[arg-type]
    task = ObjectDetection(kind="object_detection")
    context = ReadContext(task, cache_directory(Runtime()), say)
    found = FORMATS[name](Walk(root), options, None, context)
    lists: Sequence[BoxList] = found.labels.lists  # type: ignore[union-attr]
    boxes = Counter(text for one in lists for text in one.classes)
    without = sum(not one.classes for one in lists)
    data: dict[str, Any] = {"kind": "folder", "path": written}
    add_with_reason(data, "annotations", name, f"{NAMES[name]}, such as {file}")
    by_split = Counter(one.split for one in found.files if one.split is not None)
    findings = _make_findings("object_detection", data, [one.path for one in found.files], by_split)
    listed = [f"{text} {count:,}" for text, count in boxes.most_common()]
    findings.seen.append(f"boxes: {first_names(listed, _SHOWN)}")
    if name == _OUTLINED and has_outlines(root, file):
        findings.asks.append(
            "are boxes to be found? There are outlines too; for a class for every pixel write "
            '"kind": "image_segmentation" in task'
        )
    if without:
        are = "has none and is an example" if without == 1 else "have none and are examples"
        findings.seen.append(f"{counted(without, 'image')} {are} without objects")
    findings.seen += found.notes
    if found.skipped:
        named = first_names([f"{one.path} ({one.reason})" for one in found.skipped], 3)
        findings.asks.append(
            f"{counted(len(found.skipped), 'file')} cannot be used: {named}; repair them, or write "
            '"on_bad_file": "skip", "on_missing": "skip" in data'
        )
    if others := [f"{NAMES[other]} ({path})" for other, path in list(formats.items())[1:]]:
        findings.asks.append(
            f'are the boxes those of {file}? There are {" and ".join(others)} too; "annotations" in data says which'
        )
    return findings


def has_outlines(root: Path, file: str) -> bool:
    """Return whether a JSON file as of COCO has polygons or runs of pixels."""
    content = (root / file).read_bytes()
    return re.search(rb'"segmentation"\s*:\s*(\[\s*\[|\{)', content) is not None


class _Masked(NamedTuple):
    """Two folders beside each other, of images and of their masks."""

    split: str | None
    """The folder that both are in, where that may name a split."""
    images: Path
    masks: Path


def _find_masks(root: Path) -> list[_Masked]:
    """Return the folders images/ and masks/ of the data, or of each of its folders that has both, in any case."""
    if (found := _find_both(root, None)) is not None:
        return [found]
    inside = (_find_both(root / name, name) for name in Walk(root).subfolders(root))
    return [each for each in inside if each is not None]


def _find_both(folder: Path, split: str | None) -> _Masked | None:
    names = Walk(folder).subfolders(folder)
    alike = {name.casefold(): name for name in names} | {name: name for name in names}
    images, masks = alike.get(_IMAGES), alike.get(_MASKS)
    return None if images is None or masks is None else _Masked(split, folder / images, folder / masks)


def _inspect_masks(found: Sequence[_Masked], written: str) -> DataFindings:
    """Inspect images/ and masks/, whose values are looked at in a sample."""
    paths = {each.split: Walk(each.images.parent).files(each.images) for each in found}
    masks = [path for each in found for path in Walk(each.masks.parent).files(each.masks)]
    if not masks or not any(paths.values()):
        raise DataError(f"{found[0].images.parent} has {_IMAGES}/ and {_MASKS}/, and no files in one of them.")
    named = [name for name in paths if name is not None]
    data: dict[str, Any] = {"kind": "folder", "path": written, **_name_folders(found)}
    by_split = {name: len(files) for name, files in paths.items() if name in SPLITS}
    if named and set(named) - set(SPLITS):
        add_with_reason(
            data,
            "splits",
            _guess_splits(named),
            "named after existing folders; a missing validation split is 15 % of train",
        )
        by_split = {split: len(paths[folder]) for split, folder in data["splits"].items()}
    files = [path for each in paths.values() for path in each]
    findings = _make_findings("image_segmentation", data, files, by_split)
    values, unreadable = _sample_values(masks)
    _name_values(findings, values)
    if unreadable:
        findings.asks.append(f"{counted(unreadable, 'mask')} of {_OPENED} opened cannot be read; repair them")
    return findings


def _name_folders(found: Sequence[_Masked]) -> dict[str, str]:
    """Return the keys of data for folders that are not called images and masks; raise DataError where these differ."""
    names = list(dict.fromkeys((each.images.name, each.masks.name) for each in found))
    if len(names) > 1:
        said = first_names([" and ".join(each) for each in names], _SHOWN)
        raise DataError(
            f"the folders of images and masks have other names in each split ({said}); give them the same, such as "
            f"{_IMAGES} and {_MASKS}."
        )
    (images, masks), keys = names[0], {}
    if images != _IMAGES:
        keys["input"] = images
    if masks != _MASKS:
        keys["label"] = masks
    return keys


def _guess_splits(folders: Sequence[str]) -> dict[str, str]:
    split_of = {split: name for name, split in reversed(split_names(folders).items())}
    if "train" not in split_of:
        raise DataError(
            f"the folders {first_names(folders, _SHOWN)} hold {_IMAGES}/ and {_MASKS}/, and none is called train; name "
            "the folder of one of them, or give them names of splits."
        )
    return {split: split_of[split] for split in SPLITS if split in split_of}


def _sample_values(masks: Sequence[str]) -> tuple[Counter[int], int]:
    """Return how many of a sample of masks have each value, and how many cannot be read."""
    step = max(1, len(masks) // _OPENED)
    found: Counter[int] = Counter()
    unreadable = 0
    for path in masks[::step][:_OPENED]:
        try:
            with Image.open(path) as image:
                values = np.asarray(image if image.mode in ("P", "L", "1", "I", "I;16") else image.convert("L"))
        except (OSError, ValueError, SyntaxError):
            unreadable += 1
            continue
        found.update(np.unique(values.astype(np.int64)).tolist())
    return found, unreadable


def _name_values(findings: DataFindings, values: Mapping[int, int]) -> None:
    """Add task.classes for the values of masks, and what is to be decided of them."""
    found = sorted(values)
    shown = first_names(map(str, found), _SHOWN)
    if len(found) > _MOST_VALUES:
        classes = {"0": "background", "1-65535": "object"}
        reason = f"{len(found)} values in a sample ({shown}), which number objects, if so"
        add_with_reason(findings.task, "classes", classes, reason)
        findings.asks.append(
            "do the values of the masks number objects? If they are classes, list them in task.classes"
        )
        return
    names = {str(value): _call(value, found) for value in found}
    add_with_reason(findings.task, "classes", names, f"the values of a sample of masks: {shown}")
    findings.asks.append(f"what are the values {shown} of the masks? Their names are in task.classes")
    if found[-1] == _BYTE and len(found) > 2 and found[-2] < _BYTE - 1:
        findings.asks.append(
            'is 255 the value of pixels that do not count? If so, write "ignore": 255 in task, and take it out of '
            "classes"
        )


def _call(value: int, found: Sequence[int]) -> str:
    if value == found[0] == 0:
        return "background"
    return "object" if len(found) == 2 else f"class_{value}"


def _make_findings(kind: str, data: dict[str, Any], files: list[str], by_split: Mapping[Any, int]) -> DataFindings:
    """Return findings about files, with splits drawn where folders name none."""
    known = {split: by_split[split] for split in SPLITS if by_split.get(split)}
    task: dict[str, Any] = {"kind": kind}
    if not known:
        add_splits(data, {}, None)
    train = known.get("train") or int(len(files) * _TRAIN_SHARE)
    findings = DataFindings(task, data, len(files), train, {}, files)
    if known:
        findings.seen.append("split folders: " + ", ".join(f"{split} {count:,}" for split, count in known.items()))
    return findings
