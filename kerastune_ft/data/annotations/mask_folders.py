"""Masks in a folder of their own beside the folder of the images, inside or outside split folders."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from kerastune_ft.config.options.data import SPLITS, FolderData, Named, Splits
from kerastune_ft.data.annotations.base import AnnotatedFile, Annotations
from kerastune_ft.data.annotations.mask_files import MASKS, check_masks
from kerastune_ft.data.annotations.mask_layers import CLASS, STEM, ClassFiles, check_class_files, name_class_files
from kerastune_ft.data.annotations.split_folders import enter_split
from kerastune_ft.data.files.find import Walk
from kerastune_ft.data.modality import ReadContext
from kerastune_ft.data.remedies import how_to_skip
from kerastune_ft.data.source import SkippedFile
from kerastune_ft.data.splits.names import split_names, usual_split_names
from kerastune_ft.errors import ConfigError, DataError
from kerastune_ft.wording import counted, lines

_IMAGES, _MASKS = "images", "masks"
_SPLITS_EXAMPLE = '{"train": "a", "test": "b"}'


@dataclass(frozen=True)
class _Pair:
    """An image and the mask that belongs to it."""

    image: AnnotatedFile
    stem: str
    """The path of the image below its folder of images, without suffix."""
    base: Path
    """The folder in which images and masks have their folders."""
    mask: str | None = None
    layers: Mapping[str, str] = field(default_factory=dict)
    """The files of the classes, where each has its own."""


def read(walk: Walk, options: FolderData, requested: Splits | None, context: ReadContext) -> Annotations:
    """Return the images that have a mask of the same stem, each with its mask."""
    bases, notes = _find_bases(walk, options, requested)
    names_of = split_names if context.rules.asks_about_splits else usual_split_names
    pairs = [
        pair for split, base in bases for pair in _find_images(walk, options, split, base, requested, names_of, notes)
    ]
    walk.refuse_unread_formats()
    if not pairs:
        raise DataError(f"data.path: {walk.root} has {walk.file_kind.none} in {options.input or _IMAGES}.")
    places = [base for _, base in bases]
    task: Any = context.task
    classes: ClassFiles | None = None
    if CLASS in (options.label or ""):
        classes = name_class_files(walk, str(options.label), places, task.classes)
        pairs = [_find_layers(pair, classes) for pair in pairs]
    else:
        pairs, unused = _find_masks(walk, options, pairs, places)
        if unused:
            notes.append(f"ignored {counted(unused, 'mask')} without an image of the same stem")
    pairs, without = _leave_out(walk, options, pairs)
    paths = [str(pair.mask) for pair in pairs]
    names = [pair.image.key for pair in pairs]
    keys = [walk.relative(path) for path in paths]
    if classes is None:
        kept, masks, skipped = check_masks(paths, keys, names, walk.root, options, context)
    else:
        layers = [pair.layers for pair in pairs]
        kept, masks, skipped, said = check_class_files(layers, keys, names, classes, walk, options, context)
        notes += said
    files = [pairs[index].image for index in kept]
    return Annotations(files, masks, [file.sha256 for file in masks.files], notes, (*without, *skipped))


def _find_bases(
    walk: Walk, options: FolderData, requested: Splits | None
) -> tuple[list[tuple[str | None, Path]], list[str]]:
    """Return the folders that hold a folder of images, each with the split it names, and sentences for the user."""
    name = options.input or _IMAGES
    is_above = (walk.root / name).is_dir()
    if isinstance(requested, Named):
        wanted = {split: value for split in SPLITS if (value := getattr(requested, split)) is not None}
        if not is_above:
            wanted = {split: _enter(walk, value, name) for split, value in wanted.items()}
        for split, value in wanted.items():
            place = os.path.join(name, value) if is_above else os.path.join(value, name)
            if not (walk.root / place).is_dir():
                raise DataError(
                    f'data.splits.{split}: {walk.root} has no folder "{place}".\n'
                    f"Name a folder {'inside' if is_above else 'that holds'} the folder of images."
                )
        if not is_above:
            return [(split, walk.root / value) for split, value in wanted.items()], []
    if is_above:
        return [(None, walk.root)], []
    places = {folder: _enter(walk, folder, name) for folder in walk.subfolders(walk.root)}
    there = [folder for folder, place in places.items() if (walk.root / place / name).is_dir()]
    if not there:
        raise DataError(
            f'data.path: {walk.root} has no folder "{name}", nor has a split folder in it; the images of a data set '
            f"with masks are in {name}/ and their masks in {_MASKS}/, as {name}/7.png and {_MASKS}/7.png.\n"
            'Name others in data, as  "input": "photos", "label": "annotations/{stem}_mask.png"'
        )
    if requested is not None:
        notes = [f"splits: the folders {', '.join(there)} are pooled and divided anew, as data.splits says"]
        return [(None, walk.root / places[folder]) for folder in there], notes if len(there) > 1 else []
    _check_split_names(walk, places, there)
    return [(split, walk.root / places[split]) for split in SPLITS if split in there], []


def _enter(walk: Walk, folder: str, name: str) -> str:
    """Return where a split's folder of images is: in the folder, or in its only sub-folder if that bears its name."""
    return folder if (walk.root / folder / name).is_dir() else enter_split(walk.root, folder, walk.file_kind)


def _check_split_names(walk: Walk, places: Mapping[str, str], there: Sequence[str]) -> None:
    """Raise DataError for folders of images that bear other names than the splits; `places` say where they are."""
    if not set(there) <= set(SPLITS) or "train" not in there:
        split_of = {split: places[name] for name, split in split_names(there).items()}
        line = json.dumps({split: split_of[split] for split in SPLITS if split in split_of}, ensure_ascii=False)
        raise DataError(
            f"data.path: {walk.root} has images in the folders {', '.join(there)}, which are not the splits train, "
            "validation and test.\n"
            f'Say in data which is which, as  "splits": {line if len(split_of) > 1 else _SPLITS_EXAMPLE}'
        )


def _find_images(
    walk: Walk,
    options: FolderData,
    split: str | None,
    base: Path,
    requested: Splits | None,
    names_of: Callable[[Iterable[str]], Mapping[str, str]],
    notes: list[str],
) -> list[_Pair]:
    """Return the images of a folder of images; `split` is that of the folder, where it names one."""
    folder = base / (options.input or _IMAGES)
    paths = {path: os.path.relpath(path, folder).replace(os.sep, "/") for path in walk.files(folder)}
    tops = {path: below.partition("/")[0] if "/" in below else "" for path, below in paths.items()}
    split_of = {} if split else _find_inner_splits(walk, sorted(set(tops.values())), requested, names_of)
    if split_of and (beside := sum(top not in split_of for top in tops.values())):
        notes.append(f"ignored {counted(beside, walk.file_kind.noun)} beside the split folders")
    return [
        _Pair(
            AnnotatedFile(path, walk.relative(path), split or split_of.get(tops[path])),
            os.path.splitext(below)[0],
            base,
        )
        for path, below in paths.items()
        if not split_of or tops[path] in split_of
    ]


def _find_inner_splits(
    walk: Walk,
    folders: Sequence[str],
    requested: Splits | None,
    names_of: Callable[[Iterable[str]], Mapping[str, str]],
) -> Mapping[str, str]:
    """Return, by name of a folder inside the folder of images, the split that it is."""
    if isinstance(requested, Named):
        return {value: split for split in SPLITS if (value := getattr(requested, split)) is not None}
    split_like = names_of(folders)
    if requested is not None or "train" not in split_like.values():
        return {}
    _check_split_names(walk, {name: name for name in split_like}, list(split_like))
    return split_like


def _find_layers(pair: _Pair, classes: ClassFiles) -> _Pair:
    """Return an image with the files that its classes have, if there are any."""
    layers = classes.find(pair.base, pair.stem)
    return replace(pair, layers=layers, mask=str(pair.base / classes.describe(pair.stem)) if layers else None)


def _find_masks(
    walk: Walk, options: FolderData, pairs: Sequence[_Pair], bases: Sequence[Path]
) -> tuple[list[_Pair], int]:
    """Return the images with the masks of the same stem, and the number of masks that belong to none."""
    label = options.label or _MASKS
    if "{" in label:
        if STEM not in label:
            raise ConfigError(f'data.label: "{label}" has no {STEM}, so every image would have the same mask.')
        named = [pair.base / label.replace(STEM, pair.stem) for pair in pairs]
        masks_of = [str(path) if path.is_file() else None for path in named]
        return [replace(pair, mask=mask) for pair, mask in zip(pairs, masks_of, strict=True)], 0
    masks: dict[tuple[Path, str], list[str]] = {}
    for base in bases:
        if not (base / label).is_dir():
            raise DataError(
                f'data.label: {base} has no folder "{label}".\n'
                'Name the folder of the masks in data, or a template, as  "label": "annotations/{stem}_mask.png"'
            )
        for path in Walk(walk.root, file_kind=MASKS, rules=walk.rules).files(base / label):
            stem = os.path.splitext(os.path.relpath(path, base / label).replace(os.sep, "/"))[0]
            masks.setdefault((base, stem), []).append(path)
    double = [(walk.relative(paths[0]), f"and {walk.relative(paths[1])}") for paths in masks.values() if len(paths) > 1]
    if double:
        raise DataError(f"data.label: masks of the same stem, of which one image can have one:\n{lines(double)}")
    found = [replace(pair, mask=next(iter(masks.get((pair.base, pair.stem), ())), None)) for pair in pairs]
    return found, len(masks) - sum(pair.mask is not None for pair in found)


def _leave_out(walk: Walk, options: FolderData, pairs: Sequence[_Pair]) -> tuple[list[_Pair], tuple[SkippedFile, ...]]:
    """Return the images that have a mask, and the others; raise DataError where these may not be left out."""
    without = [pair for pair in pairs if pair.mask is None]
    label = options.label or _MASKS
    if len(without) == len(pairs):
        raise DataError(
            f"data.label: none of the {counted(len(pairs), walk.file_kind.noun)} in {walk.root} has a mask by {label}: "
            f"{without[0].image.key} has none.\n"
            'Masks have the stem of their image, or are named by a template, as  "label": "annotations/{stem}_mask.png"'
        )
    if without and options.on_missing == "error":
        raise DataError(
            f"data.label: {len(without)} of {counted(len(pairs), walk.file_kind.noun)} in {walk.root} "
            f"{'has' if len(without) == 1 else 'have'} no mask by the label {label}:\n"
            f"{lines([(pair.image.key, '') for pair in without])}\n"
            f"Add the masks, or {how_to_skip(['on_missing'], 'these images')}."
        )
    skipped = tuple(SkippedFile(pair.image.key, "has no mask") for pair in without)
    return [pair for pair in pairs if pair.mask is not None], skipped
