"""Lists of examples: files, texts, pairs of texts, pictures, sounds."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from kerastune_ft import storage
from kerastune_ft.data.files.find import IMAGES, SOUNDS, TEXTS
from kerastune_ft.data.in_memory.arrays import stack_arrays
from kerastune_ft.data.in_memory.labels import check_count, read_labels
from kerastune_ft.data.in_memory.parts import Columns, Parts
from kerastune_ft.data.in_memory.pictures import encode_picture, is_picture
from kerastune_ft.data.in_memory.sounds import encode_sound, is_sound
from kerastune_ft.data.in_memory.values import as_array, is_missing, name_type
from kerastune_ft.errors import DataError
from kerastune_ft.storage import expand_home, is_remote
from kerastune_ft.wording import counted, first_names

LABEL = "label"
FIRST, SECOND = "text_1", "text_2"
_SHOWN = 5
_SAMPLE = 50
_MEDIA = IMAGES.suffixes | SOUNDS.suffixes


def collect_list(items: Sequence[Any], label: Any, several: bool) -> Parts:
    """Return a list of examples and their labels as a table, or as arrays where all are arrays of one shape.

    Raises DataError for examples of different kinds, and ConfigError for labels that do not go with them.
    """
    items = [as_array(item) for item in items]
    if not items:
        raise DataError("data is empty; give at least some examples of each class")
    check_count(label, len(items), "example")
    kind = _find_kind(items)
    if kind == _ARRAY and len({(item.shape, item.dtype.str) for item in items}) == 1:
        return stack_arrays(np.stack(items), label, several)
    cells = _KINDS[kind][1](items)
    (noun, first), *_ = cells.items()
    labels = read_labels(label, len(first), "example", several)
    names = (FIRST, SECOND) if SECOND in cells else noun
    columns = label_columns(labels)
    return Columns(_NAMES[noun], {**cells, **columns}, names, tuple(columns))


_NAMES = {"image": "images", "sound": "sounds", "file": "files", "text": "texts", FIRST: "pairs"}


def label_columns(labels: list[Any] | np.ndarray) -> dict[str, list[Any]]:
    """Return labels as columns of a table: one, or one for each of several."""
    if isinstance(labels, np.ndarray):
        return {f"{LABEL}_{column}": labels[:, column].tolist() for column in range(labels.shape[1])}
    return {LABEL: labels}


def _find_kind(items: Sequence[Any]) -> str:
    """Return the one kind of all examples; raise DataError where there are several, or others than are known."""
    if missing := [row for row, item in enumerate(items) if is_missing(item)]:
        places = first_names([f"[{row}]" for row in missing], _SHOWN)
        raise DataError(f"data: {places} of {counted(len(items), 'example')} are missing; take them out")
    found: dict[str, int] = {}
    for row, item in enumerate(items):
        kind = next((name for name, (is_one, _) in _KINDS.items() if is_one(item)), None)
        if kind is None:
            raise DataError(f"data: [{row}] is a {name_type(item)}, which is no example; {_WHAT}")
        found.setdefault(kind, row)
    if len(found) > 1:
        listed = " and ".join(f"{name} at [{row}]" for name, row in found.items())
        raise DataError(f"data: examples of different kinds: {listed}; give one kind")
    return next(iter(found))


_WHAT = (
    "give pictures (Pillow or arrays), texts, pairs of texts, paths of files, or sounds as "
    '{"array": samples, "sampling_rate": 16000}'
)
_ARRAY = "an array"


def _encode_pictures(items: Sequence[Any]) -> dict[str, list[Any]]:
    if any(item.ndim == 1 for item in items if isinstance(item, np.ndarray)):
        raise DataError(
            'data: arrays of different lengths; sounds need their rate each: {"array": samples, "sampling_rate": 16000}'
        )
    return {"image": [encode_picture(item, f"data[{row}]") for row, item in enumerate(items)]}


def _encode_sounds(items: Sequence[Any]) -> dict[str, list[Any]]:
    return {"sound": [encode_sound(item, f"data[{row}]") for row, item in enumerate(items)]}


def _take_bytes(items: Sequence[Any]) -> dict[str, list[Any]]:
    return {"image": list(items)}


def _take_pairs(items: Sequence[Any]) -> dict[str, list[Any]]:
    return {FIRST: [item[0] for item in items], SECOND: [item[1] for item in items]}


def _take_words(items: Sequence[Any]) -> dict[str, list[Any]]:
    """Return words as the files that they name, or as texts."""
    if not name_files(items):
        return {"text": list(items)}
    paths = [locate(item) for item in items]
    missing = [f"{items[row]!s} at [{row}]" for row, path in enumerate(paths) if not _is_there(path)]
    if missing:
        raise DataError(
            f"data: {counted(len(missing), 'file')} of {len(paths):,} are not there: {first_names(missing, _SHOWN)} "
            f"(looked for from {os.getcwd()})"
        )
    if all(os.path.splitext(path)[1].lower() in TEXTS.suffixes for path in paths):
        return {"text": [_read_text(path) for path in paths]}
    return {"file": paths}


def _read_text(path: str) -> str:
    try:
        return storage.read(path).decode("utf-8-sig").strip()
    except UnicodeDecodeError as problem:
        raise DataError(f"data: {path} is no UTF-8 text (byte {problem.start})") from problem


def name_files(items: Sequence[Any]) -> bool:
    """Return whether words are paths: most of a sample exist, or all of it have the endings of pictures or sounds."""
    sample = _sample(items)
    return bool(sample) and (are_there(items) or end_like_files(items) or isinstance(sample[0], os.PathLike))


def are_there(items: Sequence[Any]) -> bool:
    """Return whether most words of a sample name files that exist, from the working directory."""
    sample = _sample(items)
    there = sum(_may_be_path(item) and os.path.isfile(locate(item)) for item in sample)
    return bool(sample) and 2 * there >= len(sample)


def end_like_files(items: Sequence[Any]) -> bool:
    """Return whether all words of a sample have the endings of pictures or sounds."""
    sample = _sample(items)
    return bool(sample) and all(
        os.path.splitext(item)[1].lower() in _MEDIA and "\n" not in os.fspath(item) for item in sample
    )


def _sample(items: Sequence[Any]) -> list[Any]:
    step = max(1, len(items) // _SAMPLE)
    return [item for item in items[::step] if not is_missing(item)][:_SAMPLE]


def _may_be_path(item: str | os.PathLike[str]) -> bool:
    text = os.fspath(item)
    return bool(text) and "\0" not in text and "\n" not in text and len(text) < 1024 and not text.isspace()


def locate(path: str | os.PathLike[str]) -> str:
    """Return the absolute path of a file that is named from the working directory."""
    text = expand_home(os.fspath(path))
    return text if is_remote(text) else os.path.abspath(text)


def _is_there(path: str) -> bool:
    return is_remote(path) or os.path.isfile(path)


def _is_pair(item: Any) -> bool:
    return isinstance(item, tuple | list) and len(item) == 2 and all(isinstance(text, str) for text in item)


def _is_array(item: Any) -> bool:
    return isinstance(item, np.ndarray) and item.ndim > 0


_KINDS: Mapping[str, tuple[Callable[[Any], bool], Callable[[Sequence[Any]], dict[str, list[Any]]]]] = {
    "a picture": (is_picture, _encode_pictures),
    _ARRAY: (_is_array, _encode_pictures),
    "a sound": (is_sound, _encode_sounds),
    "a pair of texts": (_is_pair, _take_pairs),
    "bytes": (lambda item: isinstance(item, bytes), _take_bytes),
    "a text or path": (lambda item: isinstance(item, str | os.PathLike), _take_words),
}
