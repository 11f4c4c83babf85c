"""Masks drawn from the outlines of JSON files as of COCO: every pixel has the class of the object on top, or none.

Of objects that share a pixel the one that stands later in the file is on top. Pixels of no object are the background,
and regions of crowds are of their class. Masks are drawn once and kept in the cache directory.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from kerastune_ft.config.options.data import FolderData, Splits
from kerastune_ft.data.annotations.base import AnnotatedFile, Annotations
from kerastune_ft.data.annotations.boxes.base import Refusal, refuse_unusable
from kerastune_ft.data.annotations.boxes.coco import CocoPicture, find_pictures
from kerastune_ft.data.annotations.drawn_masks import draw_masks
from kerastune_ft.data.annotations.mask_files import MaskCheck
from kerastune_ft.data.annotations.mask_reading import MaskReading
from kerastune_ft.data.annotations.outlines import UnusableOutlineError, check_outline, draw_outline
from kerastune_ft.data.files.find import Walk
from kerastune_ft.data.labels.classes import refuse_unlisted, sort_labels
from kerastune_ft.data.labels.raw import MaskFiles
from kerastune_ft.data.modality import ReadContext
from kerastune_ft.data.source import SkippedFile
from kerastune_ft.errors import ConfigError, DataError
from kerastune_ft.wording import counted

_BACKGROUND = "background"
_MOST_CLASSES = 255
# Counted up when the same outlines give other pixels.
_VERSION = 1


def read(walk: Walk, options: FolderData, requested: Splits | None, context: ReadContext) -> Annotations:
    """Return the pictures that JSON files list, each with a mask of the objects in it."""
    task: Any = context.task
    if task.ignore is not None:
        raise ConfigError("task.ignore: outlines of COCO have no values, so none can be ignored; remove it")
    notes: list[str] = []
    found, refused, _ = find_pictures(walk, options, requested, notes)
    usable = []
    for picture in found:
        problem = _find_problem(picture)
        if problem is None:
            usable.append(picture)
        else:
            refused.append(Refusal(picture.picture.key, problem))
    refuse_unusable(refused, options)
    if not usable:
        raise DataError(f"data.path: no image of {options.place} has outlines that can be drawn.")
    if any(one.split for one in usable):
        usable = [one for one in usable if one.split is not None]
    usable.sort(key=lambda one: one.picture.key)
    names, texts = _name_values(usable, task.classes)
    number = {text: value for value, text in texts.items()}
    digests = [_digest(picture, number) for picture in usable]

    def draw(index: int) -> np.ndarray:
        return _draw(usable[index], number)

    paths = draw_masks(digests, draw, context.cache_directory)
    checked = MaskCheck(context.cache_directory, MaskReading(), context).check(paths)
    masks = MaskFiles(
        [
            replace(mask, key=f"{one.source.file.key} ({one.picture.key})", sha256=digest, content=digest)
            for mask, one, digest in zip(checked, usable, digests, strict=True)
        ],
        names,
        texts,
    )
    return Annotations(
        [AnnotatedFile(one.picture.path, one.picture.key, one.split) for one in usable],
        masks,
        digests,
        notes,
        tuple(SkippedFile(one.key, one.reason) for one in refused),
    )


def _find_problem(picture: CocoPicture) -> str | None:
    """Return why the objects of a picture cannot be drawn; None where they can, as far as that is seen at once."""
    if picture.size is None:
        return f"{picture.source.file.key} gives it no height and width"
    for annotation in picture.annotations:
        where = f"annotation {annotation.get('id', '?')} of {picture.source.file.key}"
        if annotation.get("category_id") not in picture.source.categories:
            return f"{where} has the category {annotation.get('category_id')}, of none"
        if not annotation.get("segmentation"):
            return f"{where} has no outline (segmentation), so there is no telling which pixels are of the object"
        try:
            check_outline(annotation["segmentation"], picture.size)
        except UnusableOutlineError as problem:
            return f"{where} {problem}"
    return None


def _name_values(
    pictures: Sequence[CocoPicture], wanted: Sequence[str] | Mapping[str, str] | None
) -> tuple[dict[int, str], dict[int, str]]:
    """Return by value of a pixel the class, the background first, and what task.classes calls it."""
    names_of = {
        picture.picture.key: {
            picture.source.categories[annotation["category_id"]] for annotation in picture.annotations
        }
        for picture in pictures
    }
    found = sort_labels(set().union(*names_of.values()) - {_BACKGROUND})
    if wanted is None:
        named = {name: name for name in (_BACKGROUND, *found)}
    else:
        named = dict(wanted) if isinstance(wanted, Mapping) else {name: name for name in wanted}
    if unlisted := [name for name in found if name not in named]:
        refuse_unlisted(unlisted, lambda name: [key for key, held in names_of.items() if name in held], named)
    if len(named) > _MOST_CLASSES:
        raise DataError(f"data: {counted(len(named), 'class')}, and masks of at most {_MOST_CLASSES} are learnt.")
    return dict(enumerate(named.values())), dict(enumerate(named))


def _digest(picture: CocoPicture, number: Mapping[str, int]) -> str:
    """Return what a mask follows from: outlines and their values, in order."""
    objects = [
        (number.get(picture.source.categories[annotation["category_id"]], 0), annotation["segmentation"])
        for annotation in picture.annotations
    ]
    document = json.dumps([_VERSION, picture.size, objects], sort_keys=True)
    return hashlib.sha256(document.encode()).hexdigest()


def _draw(picture: CocoPicture, number: Mapping[str, int]) -> np.ndarray:
    assert picture.size is not None
    mask = np.zeros(picture.size, np.uint8)
    for annotation in picture.annotations:
        value = number.get(picture.source.categories[annotation["category_id"]], 0)
        mask[draw_outline(annotation["segmentation"], picture.size)] = value
    return mask
