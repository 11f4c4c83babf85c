"""Masks beside images: files of their own, or drawn from the outlines of JSON files."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from kerastune_ft import storage
from kerastune_ft.config.options.data import FolderData, Splits
from kerastune_ft.data.annotations import coco_masks, mask_folders
from kerastune_ft.data.annotations.base import Annotations
from kerastune_ft.data.annotations.boxes import coco
from kerastune_ft.data.annotations.boxes.pictures import list_files
from kerastune_ft.data.files.find import Walk
from kerastune_ft.data.modality import ReadContext

_MASKS, _JSON = "masks", ".json"
_FORMATS: Mapping[str, Callable[..., Annotations]] = {"coco": coco_masks.read}


def read(walk: Walk, options: FolderData, requested: Splits | None, context: ReadContext) -> Annotations:
    """Return the images of a folder with their masks: those of files, where there are such, else those of outlines."""
    name = options.annotations
    if has_outlines(walk, options):
        name = "coco"
    return _FORMATS.get(name, mask_folders.read)(walk, options, requested, context)


def has_outlines(walk: Walk, options: FolderData) -> bool:
    """Return whether a folder has no masks but JSON files as of COCO."""
    label = options.label or _MASKS
    if label.endswith(_JSON):
        return True
    if "{" in label or _has_folder(walk, label):
        return False
    _, others, _ = list_files(walk, (_JSON,))
    return any(coco.looks_like_coco(storage.read(file.path)) for file in others)


def _has_folder(walk: Walk, name: str) -> bool:
    """Return whether the folder of the data, or one in it, has a sub-folder of a name."""
    top = Walk(walk.root, is_tolerant=True, rules=walk.rules).subfolders(walk.root)
    return (walk.root / name).is_dir() or any((walk.root / folder / name).is_dir() for folder in top)
