"""Masks of which every class has a file of its own, put together into one: `masks/cell/7.png`, `masks/wall/7.png`."""

from __future__ import annotations

import difflib
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from kerastune_ft.config.options.data import FolderData
from kerastune_ft.config.options.mask_values import write_value
from kerastune_ft.data.annotations import masks
from kerastune_ft.data.annotations.drawn_masks import draw_masks
from kerastune_ft.data.annotations.mask_files import CheckedMask, MaskCheck
from kerastune_ft.data.annotations.mask_reading import MaskReading
from kerastune_ft.data.files.file_source import find_usable
from kerastune_ft.data.files.find import Walk
from kerastune_ft.data.images.reading import ImageReading
from kerastune_ft.data.labels.raw import MaskFiles
from kerastune_ft.data.modality import ReadContext
from kerastune_ft.data.source import SkippedFile
from kerastune_ft.errors import ConfigError, DataError
from kerastune_ft.wording import counted

CLASS, STEM = "{class}", "{stem}"
_BACKGROUND = "background"


@dataclass(frozen=True)
class ClassFiles:
    """The classes that have files, in the order in which they cover each other, and where the files are."""

    template: str
    """The path of a class's file below the folder that images and masks have their folders in."""
    names: Mapping[int, str]
    """The name of the class of each value: 0 is the background, 1 the class of the first of `texts`."""
    texts: tuple[str, ...]
    """What stands for `{class}` in the template; a later one covers an earlier one where both have a pixel."""
    background: str
    """What task.classes calls the background."""
    is_order_given: bool = True
    """Whether task.classes gives the order."""

    def find(self, base: Path, stem: str) -> dict[str, str]:
        """Return the files that are there for an image, by the text of their class."""
        places = {text: base / self.template.replace(CLASS, text).replace(STEM, stem) for text in self.texts}
        return {text: str(place) for text, place in places.items() if place.is_file()}

    def describe(self, stem: str) -> str:
        """Return the path of the files of an image with a star for their class."""
        return self.template.replace(CLASS, "*").replace(STEM, stem)


@dataclass(frozen=True)
class CheckedLayers(CheckedMask):
    """A mask that was put together from the files of its classes."""

    parts: tuple[CheckedMask, ...] = ()
    ignored: int | None = None
    """The ignored value in the files."""

    def read(self, numbers: Mapping[int, int], ignore: int | None) -> np.ndarray:
        """Return class numbers, uint8 [height, width], 255 where a file has the ignored value."""
        return super().read(numbers, masks.IGNORE)

    def find_problem(self, numbers: Mapping[int, int], ignore: int | None, size: tuple[int, int] | None) -> str | None:
        """Return why the mask does not have the size of its image; None where it does."""
        return super().find_problem(numbers, masks.IGNORE, size)

    def count_covered(self) -> int:
        """Return how many pixels too many its files have for one class a pixel."""
        own = sum(
            count for part in self.parts for value, count in part.counts.items() if value not in (0, self.ignored)
        )
        return own - sum(count for value, count in self.counts.items() if value not in (0, masks.IGNORE))

    def has_changed(self) -> bool:
        """Tell whether one of the files changed since it was checked."""
        return any(part.has_changed() for part in self.parts)


def name_class_files(walk: Walk, template: str, bases: Sequence[Path], task_classes: Any) -> ClassFiles:
    """Return which classes have files by a template with `{class}`: those of task.classes, else the folders that exist.

    The first class is the background, which has no file: it is where no class has a pixel. Raises ConfigError for a
    template that gives every image the same file, or without task.classes names no folders, and DataError where folders
    and task.classes differ.
    """
    if STEM not in template:
        raise ConfigError(f'data.label: "{template}" has no {STEM}, so every image would have the same masks.')
    folders = _find_folders(walk, template, bases)
    if task_classes is None:
        if folders is None:
            raise ConfigError(
                f'data.label: "{template}" does not tell which classes there are; name them in task, the background '
                'first, as  "classes": ["background", "cell"]'
            )
        background, texts = _BACKGROUND, tuple(sorted(folders - {_BACKGROUND}))
        return ClassFiles(template, dict(enumerate((background, *texts))), texts, background, is_order_given=False)
    named = dict(task_classes) if isinstance(task_classes, Mapping) else {name: name for name in task_classes}
    background, *texts_list = named
    if folders is not None:
        _compare(template, folders - {background}, texts_list)
    return ClassFiles(template, dict(enumerate(named.values())), tuple(texts_list), background)


def _find_folders(walk: Walk, template: str, bases: Sequence[Path]) -> set[str] | None:
    """Return the names of the folders in the place of `{class}`; None where that is no folder of all images."""
    steps = template.split("/")
    if CLASS not in steps or any("{" in step for step in steps[: steps.index(CLASS)]):
        return None
    above = steps[: steps.index(CLASS)]
    places = [base.joinpath(*above) for base in bases]
    missing = [str(place) for place in places if not place.is_dir()]
    if missing:
        raise DataError(f'data.label: {missing[0]} is no folder; correct the template "{template}".')
    return {name for place in places for name in Walk(walk.root, rules=walk.rules).subfolders(place)}


def _compare(template: str, folders: set[str], wanted: Sequence[str]) -> None:
    """Raise DataError where a folder has no name in task.classes, or a name there no folder."""
    unknown, missing = sorted(folders - set(wanted)), [text for text in wanted if text not in folders]
    if missing:
        near = difflib.get_close_matches(missing[0], unknown, n=1)
        hint = f'; did you mean "{near[0]}"?' if near else f"; there are {', '.join(sorted(folders)) or 'none'}."
        raise DataError(f'task.classes: there is no folder "{missing[0]}" by the template "{template}"{hint}')
    if unknown:
        raise DataError(
            f'task.classes: the folder "{unknown[0]}" by the template "{template}" is none of the classes; name it '
            "there, or move it away."
        )


def check_class_files(
    layers: Sequence[Mapping[str, str]],
    keys: Sequence[str],
    names: Sequence[str],
    found: ClassFiles,
    walk: Walk,
    options: FolderData,
    context: ReadContext,
) -> tuple[list[int], MaskFiles, tuple[SkippedFile, ...], list[str]]:
    """Return which masks can be used, these masks, the others, and sentences for the user about all of them.

    Raise DataError where masks may not be left out, and where classes cover each other and nothing says which is above.
    `layers` has for each example the files of its classes, `keys` identify its mask to the user, `names` are examples.
    """
    reading = MaskReading(ImageReading.of(options, context.rules, is_own=True))
    check = MaskCheck(walk.root, reading, context)
    paths = [path for files in layers for path in files.values()]
    checked = dict(zip(paths, check.check(paths), strict=True))
    task: Any = context.task
    ignore = task.ignore
    examples = [
        _join({text: checked[path] for text, path in files.items()}, key, found, ignore, walk)
        for files, key in zip(layers, keys, strict=True)
    ]
    told = [f"{name}, its masks {key}" for name, key in zip(names, keys, strict=True)]
    kept, skipped = find_usable(told, examples, options, "mask")
    usable = [examples[index] for index in kept]
    texts = [tuple(layers[index]) for index in kept]

    def draw(index: int) -> np.ndarray:
        return _put_together(usable[index].parts, texts[index], found, ignore)

    places = draw_masks([example.content for example in usable], draw, context.cache_directory)
    drawn = MaskCheck(context.cache_directory, MaskReading(), context).check(places)
    files = [
        replace(example, path=own.path, counts=own.counts, size=own.size, problem=own.problem)
        for example, own in zip(usable, drawn, strict=True)
    ]
    words = {value: text for value, text in enumerate((found.background, *found.texts))}
    return kept, MaskFiles(files, found.names, words), skipped, _describe_overlaps(files, found)


def _describe_overlaps(files: Sequence[CheckedLayers], found: ClassFiles) -> list[str]:
    """Return a sentence about pixels that several classes have; raise DataError where no order is given for them."""
    covered = {file.key: file.count_covered() for file in files}
    number = sum(count > 0 for count in covered.values())
    if not number:
        return []
    pixels = sum(covered.values()) / sum(sum(file.counts.values()) for file in files)
    said = f"classes cover each other in {counted(number, 'mask')} ({100 * pixels:.3g} % of all pixels)"
    if found.is_order_given:
        return [f"{said}; such a pixel has the class that is named last in task.classes"]
    first = next(key for key, count in covered.items() if count)
    order = json.dumps([found.background, *found.texts], ensure_ascii=False)
    raise DataError(
        f"data.label: {said}, as in {first}, and nothing says which is above.\n"
        f'Name them in task, a class that covers others behind them, as  "classes": {order}'
    )


def _join(
    parts: Mapping[str, CheckedMask], key: str, found: ClassFiles, ignore: int | None, walk: Walk
) -> CheckedLayers:
    """Return the mask of an example before it is drawn, with the problem that it has."""
    files = tuple(parts.values())
    problem = next((why for part in files if (why := _explain(part, files[0], ignore, walk))), None)
    # Which file stands for which value, and what is in them.
    determining = [found.texts.index(text) + 1 for text in parts], [part.sha256 for part in files], ignore
    digest = hashlib.sha256(json.dumps(determining).encode()).hexdigest()
    is_missing = any(part.is_missing for part in files)
    return CheckedLayers("", digest, problem, is_missing, content=digest, key=key, parts=files, ignored=ignore)


def _explain(part: CheckedMask, first: CheckedMask, ignore: int | None, walk: Walk) -> str | None:
    """Return why a file is no mask of one class, or has not the size of the first one; None where it is."""
    name = walk.relative(part.path)
    if part.problem:
        return f"{name} {part.problem}"
    values = [value for value in part.counts if value not in (0, ignore)]
    if len(values) > 1:
        shown = ", ".join(map(write_value, values[:5])) + ", ..." * (len(values) > 5)
        return (
            f"{name} has the values {shown} besides 0, and the mask of one class has one; write 0 and 255, or name the "
            "values in task.classes and the files without {class} in data.label"
        )
    if part.size != first.size:
        return f"{name} is {part.size[1]} x {part.size[0]} pixels, {walk.relative(first.path)} {first.size[1]} x " + (
            f"{first.size[0]}; write all classes of an image at its size"
        )
    return None


def _put_together(
    parts: Sequence[CheckedMask], texts: Sequence[str], found: ClassFiles, ignore: int | None
) -> np.ndarray:
    """Return the mask of an example, uint8 [height, width]: 0, the number of a class, or 255 where it is ignored."""
    mask = np.zeros(parts[0].size, np.uint8)
    ignored = np.zeros(mask.shape, bool)
    # In the order of the classes, so that a later one covers an earlier one.
    for text, part in sorted(zip(texts, parts, strict=True), key=lambda pair: found.texts.index(pair[0])):
        own = part.read({value: int(value != 0) for value in part.counts if value != ignore}, ignore)
        mask[own == 1] = found.texts.index(text) + 1
        ignored |= own == masks.IGNORE
    mask[ignored] = masks.IGNORE
    return mask
