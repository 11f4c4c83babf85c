"""Texts and pairs of texts in memory: what all sources of text examples share."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
import tensorflow as tf

from kerastune_ft.data.files.fingerprint import content_identity
from kerastune_ft.data.labels.labels import Labels
from kerastune_ft.data.remedies import how_to_skip
from kerastune_ft.data.source import Catalogue, DataSource, SkippedFile
from kerastune_ft.data.tables.cells import cell_text
from kerastune_ft.data.tables.frame import TextTable
from kerastune_ft.data.tables.templates import input_texts
from kerastune_ft.errors import DataError
from kerastune_ft.storage import path_of
from kerastune_ft.wording import counted, lines

Texts = tuple[str, ...]
"""One text, or the two of a pair."""

_NAME_LENGTH = 60
# What a decoder writes in place of bytes that were no text.
_REPLACED = "\ufffd"


class TextSource(DataSource):
    """Examples that are one text each, or a pair of them."""

    def __init__(self, catalogue: Catalogue, texts: Sequence[Texts]) -> None:
        """`texts` are by example, all of one length."""
        super().__init__(catalogue)
        self.texts = texts

    def element(self, index: tf.Tensor) -> dict[str, tf.Tensor]:
        """Return `texts`: a vector of one string or two."""
        return {"texts": tf.gather(tf.constant(self.texts), index)}


def text_identity(texts: Texts) -> str:
    """Return the SHA-256 that an example's content is known by."""
    return content_identity(*texts)


def shorten(texts: Texts) -> str:
    """Return the beginning of an example on one line, to be told from others by."""
    line = " ".join(" / ".join(texts).split())
    return line if len(line) <= _NAME_LENGTH else f"{line[:_NAME_LENGTH]}..."


def find_complete(
    texts: Sequence[Texts], names: Sequence[str], rule: str, place: str
) -> tuple[list[int], tuple[SkippedFile, ...]]:
    """Return the examples that have all their texts, and the others; raise DataError where these may not be left out.

    `rule` is data.on_missing; `place` says where the texts are.
    """
    absent = [index for index, each in enumerate(texts) if not all(text.strip() for text in each)]
    if absent and rule == "error":
        shown = lines([(names[index], "") for index in absent])
        raise DataError(
            f"data.input: {counted(len(absent), 'example')} of {len(texts)} in {place} "
            f"{'has' if len(absent) == 1 else 'have'} an empty text:\n{shown}\n"
            f"Write the texts, or {how_to_skip(['on_missing'], 'these examples')}."
        )
    if len(absent) == len(texts):
        raise DataError(f"data.input: every text in {place} is empty. Name where the texts are.")
    left_out = set(absent)
    skipped = tuple(SkippedFile(names[index], "its text is empty") for index in absent)
    return [index for index in range(len(texts)) if index not in left_out], skipped


def notes_on(
    texts: Sequence[Texts], skipped: Sequence[SkippedFile], labels: Labels, splits: Mapping[str, np.ndarray]
) -> tuple[str, ...]:
    """Return what the user should know of texts: left out, damaged, and those that are there several times."""
    found = [f"{counted(len(skipped), 'example')} left out (data.on_missing)"] if skipped else []
    damaged = sum(any(_REPLACED in text for text in each) for each in texts)
    if damaged:
        found.append(
            f"{counted(damaged, 'text')} {'has' if damaged == 1 else 'have'} the character U+FFFD, which stands for "
            "bytes that could not be read: the file was written in another encoding than it was read in"
        )
    return (*found, *_repeated(texts, labels, splits))


def _repeated(texts: Sequence[Texts], labels: Labels, splits: Mapping[str, np.ndarray]) -> list[str]:
    """Return a warning for each sort of identical texts that spoil what is measured."""
    said = labels.texts
    split_of = {int(index): split for split, indices in splits.items() for index in indices}
    copies: dict[Texts, list[int]] = {}
    for index, each in enumerate(texts):
        copies.setdefault(each, []).append(index)
    count: Counter[str] = Counter()
    for same in copies.values():
        if len({split_of.get(index) for index in same}) > 1:
            count["in more than one split, so the metrics flatter the model"] += 1
        if len({said[index] for index in same}) > 1:
            count["there with different labels, so at most one of these is right"] += 1
    return [
        f"identical texts: {counted(number, 'text')} {'is' if number == 1 else 'are'} {what}"
        for what, number in count.items()
    ]


def read_text(path: str) -> str:
    """Return the content of a text file; raise DataError where it is no UTF-8."""
    content = path_of(path).read_bytes()
    try:
        return content.decode("utf-8-sig").strip()
    except UnicodeDecodeError as problem:
        raise DataError(f"is no UTF-8 text (byte {content[problem.start]:#04x} at {problem.start})") from problem


def array_texts(array: np.ndarray, place: str) -> list[Texts]:
    """Return the texts of an array, or raise DataError where it holds none."""
    if array.dtype.kind not in "US" or array.ndim not in (1, 2) or (array.ndim == 2 and array.shape[1] not in (1, 2)):
        raise DataError(
            f"{place} has shape {list(array.shape)} and dtype {array.dtype}; texts are strings, [N], or [N, 2] for "
            "pairs"
        )
    rows = array.reshape(len(array), -1).tolist()
    texts = [tuple(cell_text(cell) for cell in row) for row in rows]
    bad = next((row for row, each in enumerate(texts) if None in each), None)
    if bad is not None:
        raise DataError(f"{place} has bytes in row {bad} that are no UTF-8; save it as an array of strings")
    return [tuple(str(text) for text in each) for each in texts]


def column_texts(frame: TextTable, wanted: str | Sequence[str]) -> list[Texts]:
    """Return by row the text of a column or template, or those of two columns; empty where a cell is."""
    if isinstance(wanted, str):
        return [(text,) for text in input_texts(frame, wanted)]
    return list(zip(*(input_texts(frame, each) for each in wanted), strict=True))
