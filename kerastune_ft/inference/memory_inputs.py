"""Inputs that a program has in memory: pictures of Pillow, DataFrames, tensors, sounds with their rate, bytes."""

from __future__ import annotations

import contextlib
import io
import os
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from kerastune_ft.config.options.spectrograms import MOST_CHANNELS
from kerastune_ft.data.in_memory.datasets import is_dataset
from kerastune_ft.data.in_memory.frames import collect_frame, is_frame
from kerastune_ft.data.in_memory.pictures import encode_picture, is_picture
from kerastune_ft.data.in_memory.sounds import is_sound, read_samples
from kerastune_ft.data.in_memory.values import as_array, as_values, is_missing
from kerastune_ft.data.in_memory.written_names import describe_form
from kerastune_ft.errors import ConfigError
from kerastune_ft.inference.items import Item


class MemoryInputs(contextlib.AbstractContextManager["MemoryInputs"]):
    """Makes of inputs in memory what is listed like files; the files that it writes for that are gone at its end."""

    def __init__(self) -> None:
        self._stack = contextlib.ExitStack()
        self._folder: Path | None = None
        self.words: dict[str, str] = {}
        """The words for what was written, by path."""

    def __exit__(self, *error: object) -> None:
        """Remove the files."""
        self._stack.close()

    def prepare(self, inputs: Any) -> Any:
        """Return inputs as paths, arrays, texts and items; what needs nothing stays what it is.

        A DataFrame becomes the path of a table. Raises ConfigError and DataError for what cannot be read.
        """
        if is_frame(inputs):
            return [self._write_frame(inputs)]
        if is_dataset(inputs):
            elements = (one[0] if isinstance(one, tuple) else one for one in inputs.as_numpy_iterator())
            return [_decode(one) for element in elements for one in _unpack(element)]
        inputs = as_array(inputs)
        if self._is_one(inputs):
            return [self._prepare_one(inputs, 0)]
        values = as_values(inputs)
        if isinstance(values, np.ndarray) and values.ndim == 1 and values.dtype == object:
            values = values.tolist()
        is_plain = isinstance(values, str | os.PathLike | io.IOBase | np.ndarray) or not isinstance(values, Iterable)
        return values if is_plain else [self._prepare_one(one, number) for number, one in enumerate(values)]

    @staticmethod
    def _is_one(given: Any) -> bool:
        return is_picture(given) or is_sound(given) or isinstance(given, bytes)

    def _prepare_one(self, given: Any, number: int) -> Any:
        name = f"[{number}]"
        if is_missing(given):
            return Item(name, problem="is missing")
        if is_frame(given):
            return self._write_frame(given)
        if is_picture(given):
            return Item(name, path=self._write(f"{number}.png", encode_picture(given, name)))
        if is_sound(given):
            values, rate = read_samples(given, name)
            return Item(name, values=values, rate=rate)
        if isinstance(given, bytes):
            return Item(name, path=self._write(str(number), given))
        if isinstance(given, Mapping):
            raise ConfigError(
                f"{name} is an object with {', '.join(map(str, given))}; give a DataFrame for rows of columns, or a "
                'sound as {"array": samples, "sampling_rate": 16000}'
            )
        return as_array(given)

    def _write_frame(self, frame: Any) -> str:
        written = collect_frame(frame, None, several=False).write(self._open_folder())
        self.words[str(written.path)] = describe_form(written.name)
        return str(written.path)

    def _write(self, name: str, content: bytes) -> str:
        path = self._open_folder() / name
        path.write_bytes(content)
        return str(path)

    def _open_folder(self) -> Path:
        if self._folder is None:
            self._folder = Path(self._stack.enter_context(tempfile.TemporaryDirectory()))
        return self._folder


def _unpack(element: Any) -> Iterable[Any]:
    """Return the texts of a batch of them; arrays are listed as they are, one or many."""
    if isinstance(element, np.ndarray) and element.ndim == 3 and element.shape[2] > MOST_CHANNELS:
        # A batch of grey pictures, which is no picture with its channels first however few they are.
        return [element[..., np.newaxis]]
    return element.tolist() if isinstance(element, np.ndarray) and element.dtype == object else [element]


def _decode(value: Any) -> Any:
    try:
        return value.decode() if isinstance(value, bytes) else value
    except UnicodeDecodeError:
        return value
