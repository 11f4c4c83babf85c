"""Choosing the arrays of an .npz file that hold the examples and their labels."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from kerastune_ft.config.options.spectrograms import MOST_CHANNELS, RATE_ARRAY
from kerastune_ft.config.options.task_facts import AUDIO, IMAGE, TEXT
from kerastune_ft.data.files.array_values import list_values
from kerastune_ft.data.files.npz import UNREADABLE, Header
from kerastune_ft.errors import DataError
from kerastune_ft.scaffolding.findings import TextStatistics
from kerastune_ft.scaffolding.samples.text_statistics import measure_texts
from kerastune_ft.scaffolding.sources.columns import is_group_name, normalise_name
from kerastune_ft.scaffolding.sources.npz import read_headers

_NAMES = ("x", "images", "image", "texts", "text", "sounds", "x_train", "train_images", "data", "arr_0")
_SOUND_NAME = re.compile(r"(x|train|test)?(sound|audio|sample|wave|waveform|clip)s?(train|test)?")
# Longer rows are features, flattened images or sounds, not labels.
_MOST_TARGETS = 1000
_PROSE = (2, 0.3)


@dataclass(frozen=True)
class ArrayInputs:
    """The chosen arrays, by name."""

    modality: str
    x: str
    y: str
    headers: Mapping[str, Header]
    """The headers of all arrays of the file."""
    prose: TextStatistics | None = None
    """Statistics of the texts, if the examples are texts."""


def find_array_inputs(path: Path) -> ArrayInputs:
    """Choose the arrays of an .npz file; raise DataError that lists its arrays if none fit."""
    found = read_headers(path)
    for modality, fits in _FITS.items():
        if pair := _find_pair(found, [name for name in found if fits(name, found)]):
            return ArrayInputs(modality, *pair, found)
    measured = {name: measures for name in found if (measures := _measure_texts(path, name, found[name]))}
    # Texts of a word each are known by the array's name alone.
    for fits_texts in (_is_prose, lambda name, _: _rank(name) < len(_NAMES)):
        if pair := _find_pair(found, [name for name, measures in measured.items() if fits_texts(name, measures)]):
            return ArrayInputs(TEXT, *pair, found, measured[pair[0]])
    listed = ", ".join(f"{name} {list(header.shape)}" for name, header in found.items()) or "nothing"
    long = _find_pair(found, [name for name in found if _are_long(found[name])])
    only = f"If {long[0]} holds sounds, only an array sample_rate with their rate is missing.\n" if long else ""
    raise DataError(
        f"{path} has no array of images, sounds or texts with as many labels: it holds {listed}.\n{only}"
        "Write it with numpy.savez(path, x=images, y=labels): images [N, height, width(, channels)], or samples of "
        "sounds [N, samples] with sample_rate=16000, or strings [N], or [N, 2] for pairs; labels [N], or [N, several]."
    )


def read_array(path: Path, name: str) -> np.ndarray:
    """Return an array with one row per example; a second dimension of size 1 is dropped."""
    try:
        with np.load(path, allow_pickle=False) as arrays:
            values: np.ndarray = arrays[name]
    except UNREADABLE as problem:
        raise DataError(f"{path}: the array {name!r} cannot be read as plain numbers or text ({problem}).") from problem
    if values.dtype.kind in "SU":
        values = np.array(list_values(values, name, f"{path}: the array {name!r}"), str).reshape(values.shape)
    return values[:, 0] if values.ndim == 2 and values.shape[1] == 1 else values


def as_texts(values: np.ndarray) -> list[str]:
    """Return values as texts, as training will read them: whole numbers give the same text whatever their dtype."""
    listed = values.tolist()
    if values.dtype.kind == "f" and all(math.isfinite(value) and value == int(value) for value in listed):
        listed = [int(value) for value in listed]
    return [str(value) for value in listed]


def _find_pair(found: Mapping[str, Header], inputs: list[str]) -> tuple[str, str] | None:
    labels = [name for name, header in found.items() if _are_labels(header)]
    pairs = [(x, y) for x in inputs for y in labels if x != y and found[x].shape[0] == found[y].shape[0]]

    def rank(pair: tuple[str, str]) -> tuple[int, bool, bool, bool, int, str]:
        x, y = pair
        # x_train goes with y_train, whatever else has as many rows; labels of texts may be short texts themselves.
        return (_rank(x), x.replace("x", "y", 1) != y, is_group_name(y), y in inputs, len(found[y].shape), y)

    return min(pairs, key=rank, default=None)


def _are_images(name: str, found: Mapping[str, Header]) -> bool:
    shape = found[name].shape
    return (len(shape) == 3 or (len(shape) == 4 and shape[3] in (1, 2, 3, 4))) and min(shape) > 0


def _are_sounds(name: str, found: Mapping[str, Header]) -> bool:
    return _are_long(found[name]) and (RATE_ARRAY in found or _SOUND_NAME.fullmatch(normalise_name(name)) is not None)


# In the order in which modalities are tried; texts need their content and come after these.
_FITS = {AUDIO: _are_sounds, IMAGE: _are_images}


def _are_long(header: Header) -> bool:
    """Return whether rows are long enough to be sounds."""
    shape, kind = header.shape, header.dtype.kind
    if kind not in "if" or len(shape) not in (2, 3) or 0 in shape:
        return False
    return shape[1] > _MOST_TARGETS and (len(shape) == 2 or shape[2] <= MOST_CHANNELS)


def _measure_texts(path: Path, name: str, header: Header) -> TextStatistics | None:
    shape = header.shape
    if header.dtype.kind not in "US" or not (len(shape) == 1 or (len(shape) == 2 and shape[1] in (1, 2))):
        return None
    values = read_array(path, name)
    return measure_texts([" ".join(as_texts(row)) for row in values] if values.ndim == 2 else as_texts(values))


def _is_prose(name: str, measures: TextStatistics) -> bool:
    words, distinct = _PROSE
    return measures.words >= words and measures.distinct >= distinct


def _are_labels(header: Header) -> bool:
    if len(header.shape) == 2 and 1 < header.shape[1] <= _MOST_TARGETS:
        return header.dtype.kind in "iubf"
    return len(header.shape) == 1 or (len(header.shape) == 2 and header.shape[1] == 1)


def _rank(name: str) -> int:
    return _NAMES.index(name.lower()) if name.lower() in _NAMES else len(_NAMES)
