"""The values of arrays of an .npz file as Python has them: numbers, and texts that are whole."""

from __future__ import annotations

from typing import Any

import numpy as np

from kerastune_ft.errors import DataError

_HALVES = ("\ud800", "\udfff")


def list_values(array: np.ndarray, name: str, place: str) -> list[Any]:
    """Return an array of numbers or texts as nested lists, bytes decoded as UTF-8.

    `name` is the array's, and `place` begins messages, as `data.y: 'y' in data.npz`. Raise DataError for bytes that are
    no UTF-8 and for texts with half a character in them, which can neither be written nor tokenised.
    """
    if array.dtype.kind == "S":
        array = _decode(np.asarray(array), name, place)
    elif array.dtype.kind == "U":
        _refuse_halves(np.asarray(array), name, place)
    values: list[Any] = array.tolist()
    return values


def as_text(value: Any) -> str:
    """Return a value of an array as text: whole numbers are the same whatever their dtype."""
    if isinstance(value, str | bool):
        return str(value)
    return str(int(value)) if np.isfinite(value) and value == int(value) else str(value)


def decode_text(content: bytes, place: str) -> str:
    """Return bytes of UTF-8 as text; raise DataError, which begins with `place`, for others."""
    try:
        return content.decode()
    except UnicodeDecodeError as problem:
        raise DataError(
            f"{place} has bytes that are no UTF-8 ({content[problem.start]:#04x} at {problem.start}); "
            "write it as UTF-8."
        ) from problem


def has_halves(text: str) -> bool:
    """Return whether a text has half a character in it: a surrogate without its other."""
    return not text.isascii() and any(_HALVES[0] <= letter <= _HALVES[1] for letter in text)


def _decode(array: np.ndarray, name: str, place: str) -> np.ndarray:
    try:
        decoded: np.ndarray = np.char.decode(array, "utf-8")
    except UnicodeDecodeError as problem:
        row = _first(array, _is_undecodable)
        raise DataError(
            f"{place} has bytes that are no UTF-8, the first at {_element(name, row)}; save text, as "
            f'numpy.char.decode({name}, "latin-1") where it is Latin-1.'
        ) from problem
    return decoded


def _refuse_halves(array: np.ndarray, name: str, place: str) -> None:
    if not array.size or not array.dtype.itemsize:
        return
    letters = np.frombuffer(np.ascontiguousarray(array).astype(array.dtype.newbyteorder("=")).tobytes(), np.uint32)
    if ((letters >= ord(_HALVES[0])) & (letters <= ord(_HALVES[1]))).any():
        row = _first(array, has_halves)
        raise DataError(
            f"{place} has half a character (a surrogate without its other), the first at {_element(name, row)}; write "
            "the text again from its source, in one encoding."
        )


def _is_undecodable(cell: bytes) -> bool:
    try:
        cell.decode()
    except UnicodeDecodeError:
        return True
    return False


def _first(array: np.ndarray, is_wrong: Any) -> tuple[int, ...]:
    return next(index for index, cell in np.ndenumerate(array) if is_wrong(cell))


def _element(name: str, index: tuple[int, ...]) -> str:
    return f"{name}[{', '.join(map(str, index))}]"
