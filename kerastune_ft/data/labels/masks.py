"""Labels that are one class per pixel: a mask for each example."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from kerastune_ft.config.options.mask_values import BORDER, COLOUR, FORMS, is_colour, parse_values, write_value
from kerastune_ft.data.labels.counted import CountedLabels
from kerastune_ft.data.labels.raw import MaskFile, MaskFiles, RawLabels
from kerastune_ft.data.labels.scheme import LabelScheme
from kerastune_ft.data.labels.tiled_masks import TiledMasks
from kerastune_ft.errors import ConfigError, DataError
from kerastune_ft.tiles.grid import Cuts
from kerastune_ft.wording import counted, first_names

if TYPE_CHECKING:
    import tensorflow as tf

_MOST_CLASSES = 255
_MOST_SHOWN = 10
_MANY = 32
_MANY_NOTE = (
    "every value of the masks is a class of its own; if values number objects, name them all at once, as  "
    '"classes": {"0": "background", "1-65535": "cell"}'
)
_NO_TEXTS: Mapping[int, str] = MappingProxyType({})


class MaskLabels(CountedLabels):
    """A class for every pixel: `numbers` is int64 [N, classes], the pixels of each class in each mask."""

    kind = "mask"
    contradiction = "there with different masks, so one of these is wrong"
    without_class = "its IoU is undefined"
    beside_turned = "; their masks are as in the files, so they must fit the turned photos"

    def __init__(
        self,
        files: Sequence[MaskFile],
        raw_values: Mapping[int, str],
        ignore: int | None,
        texts: Mapping[int, str] = _NO_TEXTS,
    ) -> None:
        """`raw_values` gives the name of the class of each raw value, in the order of the classes.

        `texts` are what task.classes calls values, where that is not their number.
        """
        self._files, self._scheme_values, self._ignore, self._texts = files, dict(raw_values), ignore, texts
        names = tuple(dict.fromkeys(raw_values.values()))
        self._number = {value: names.index(name) for value, name in raw_values.items()}
        pixels = np.zeros((len(files), len(names)), np.int64)
        for row, file in enumerate(files):
            for value, count in file.counts.items():
                if value in self._number:
                    pixels[row, self._number[value]] += count
        super().__init__(names, pixels)

    @property
    def texts(self) -> list[str]:
        """For each example, the path of its mask."""
        return [file.key for file in self._files]

    def content(self, index: int) -> str:
        """Return the hash of an example's mask."""
        return self._files[index].sha256

    def find_notes(self, splits: Mapping[str, np.ndarray]) -> list[str]:
        """Return how large a share of the pixels of the training masks each class has, and how many are ignored."""
        split = "train" if "train" in splits else next(iter(splits))
        pixels = self.numbers[splits[split]].sum(axis=0).tolist()
        total = sum(sum(self._files[index].counts.values()) for index in splits[split].tolist())
        shares = [f"{name} {_share(count, total)}" for name, count in zip(self.names, pixels, strict=True)]
        many = (
            [_MANY_NOTE] if len(self.names) >= _MANY and not self._texts and all(map(str.isdigit, self.names)) else []
        )
        ignored = f"; {_share(total - sum(pixels), total)} are ignored" if total > sum(pixels) else ""
        return [f"pixels of the {split} masks: {first_names(shares, _MOST_SHOWN)}{ignored}", *many]

    def scheme(self, train: np.ndarray) -> LabelScheme:
        """Return the classes with their raw values."""
        values = self._scheme_values
        return LabelScheme(self.kind, self.names, raw_values=values, ignore=self._ignore, value_texts=self._texts)

    def fields(self, index: tf.Tensor) -> dict[str, tf.Tensor]:
        """Return `mask`: class numbers, uint8 [height, width], 255 where a pixel belongs to no class."""
        import tensorflow as tf

        mask = tf.numpy_function(self._read_mask, [index], tf.uint8, stateful=False)
        return {"mask": tf.ensure_shape(mask, [None, None])}

    def read(self, index: int) -> np.ndarray:
        """Return the mask of an example: class numbers, uint8 [height, width], 255 where a pixel has no class."""
        return self._files[index].read(self._number, self._ignore)

    def cut(self, cuts: Cuts) -> TiledMasks:
        """Return the masks of the tiles of all pictures."""
        return TiledMasks(self, cuts)

    def find_changed(self, indices: Iterable[int]) -> list[int]:
        """Return those examples whose mask file has changed since it was checked."""
        return [index for index in indices if self._files[index].has_changed()]

    def find_lost(self) -> list[tuple[int, str]]:
        """Return the examples whose mask can no longer be read, each with the reason."""
        found = ((index, file.find_loss()) for index, file in enumerate(self._files))
        return [(index, reason) for index, reason in found if reason is not None]

    def _read_mask(self, index: Any) -> np.ndarray:
        return self.read(int(index))


def number_masks(
    raw: RawLabels,
    keys: Sequence[str],
    task: Any,
    origin: str,
    sizes: Sequence[tuple[int, int] | None] | None = None,
) -> MaskLabels:
    """Return the masks of all examples, see `number_labels`; each must have the size of its image and known values."""
    if not isinstance(raw, MaskFiles):
        raise ConfigError(f"data.label: {origin} gives no masks, and {task.kind} needs one for each example")
    ignore = None if task.ignore is None else _values(str(task.ignore))[0]
    raw_values, texts = (dict(raw.names), dict(raw.texts)) if raw.names else _name_values(raw, task, ignore, origin)
    _check_names(raw_values, origin)
    numbers = dict.fromkeys(raw_values, 0)
    problems: list[str] = []
    for index, (key, file) in enumerate(zip(keys, raw.files, strict=True)):
        problem = file.find_problem(numbers, ignore, None if sizes is None else sizes[index])
        if problem:
            problems.append(f"{file.key}, the mask of {key}: {problem}")
    if problems:
        more = f"\n{counted(len(problems) - 1, 'other mask')} cannot be used either." if len(problems) > 1 else ""
        raise DataError(f"data.label: {problems[0]}.{more}")
    return MaskLabels(raw.files, raw_values, ignore, texts)


def _name_values(
    raw: MaskFiles, task: Any, ignore: int | None, origin: str
) -> tuple[dict[int, str], Mapping[int, str]]:
    """Return the class name of each raw value, in the order of the classes, and what task.classes calls values."""
    found = sorted({value for file in raw.files for value in file.counts} - {ignore, BORDER})
    wanted = task.classes
    texts: dict[int, str] = {}
    if isinstance(wanted, Mapping):
        named, texts = _read_map(wanted, ignore)
    elif wanted is None:
        named = {value: write_value(value) for value in found}
    elif all(value < len(wanted) for value in found):
        named = dict(enumerate(wanted))
    elif len(found) == len(wanted):
        named = dict(zip(found, wanted, strict=True))
    else:
        values = first_names(map(write_value, found), 10)
        raise ConfigError(
            f"task.classes: it names {len(wanted)} classes, and the masks of {origin} have the values {values}; "
            'write which value is which class, as  "classes": {"0": "background", "255": "cell"}'
        )
    if task.border is not None:
        named[BORDER], texts[BORDER] = task.border.name, ""
    return named, texts


def _read_map(classes: Mapping[str, str], ignore: int | None) -> tuple[dict[int, str], dict[int, str]]:
    """Return the class name of each raw value that a map names, and what it calls values by another text."""
    spans = {text: _values(text) for text in classes}
    if len({is_colour(text) for text in classes}) > 1 or (ignore is not None and _differ(spans, ignore)):
        raise ConfigError(
            "task.classes, task.ignore: some are colours and some numbers; masks are read by one or the other, so "
            "write all as colours, or all as the numbers in the files"
        )
    taken: list[tuple[int, int, str]] = sorted((span[0], span[-1], text) for text, span in spans.items())
    for (_, last, text), (first, _, other) in itertools.pairwise(taken):
        if first <= last:
            raise ConfigError(f'task.classes: "{text}" and "{other}" have a value in common; write ranges apart')
    if ignore is not None and (inside := [text for text, span in spans.items() if len(span) > 1 and ignore in span]):
        raise ConfigError(
            f'task.ignore: {ignore} is among the values "{inside[0]}" of task.classes; write ranges apart'
        )
    named = {span[0]: classes[text] for text, span in spans.items()}
    return named, {span[0]: text for text, span in spans.items() if text != str(span[0])}


def _differ(spans: Mapping[str, range], ignore: int) -> bool:
    """Return whether the ignored value is a colour and those of classes are none, or the other way."""
    return any((span[0] >= COLOUR) != (ignore >= COLOUR) for span in spans.values())


def _check_names(named: Mapping[int, str], origin: str) -> None:
    """Raise DataError where too few or too many classes are there to learn."""
    if len(set(named.values())) < 2:
        value = f"one value, {write_value(next(iter(named)))}" if named else "no value"
        raise DataError(
            f"data: the masks of {origin} have {value}; segmentation needs at least two classes. "
            "Check the masks and task.classes."
        )
    if len(set(named.values())) > _MOST_CLASSES:
        raise DataError(
            f"data: the masks of {origin} have {len(named)} values, and masks of at most {_MOST_CLASSES} classes are "
            'learnt; if the values number objects, name them all at once, as  "classes": {"0": "background", '
            '"1-65535": "cell"}'
        )


def _share(count: int, total: int) -> str:
    return f"{100 * count / total:.3g} %"


def _values(text: str) -> range:
    values = parse_values(text)
    if values is None:
        raise ConfigError(f'task.classes: "{text}" is no value of a pixel; {FORMS}')
    return values
