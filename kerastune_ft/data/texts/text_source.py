"""Texts and pairs of texts in memory: what all sources of text examples share."""

from __future__ import annotations

import re
from collections.abc import Sequence

import tensorflow as tf

from kerastune_ft.data.files.fingerprint import content_identity
from kerastune_ft.data.source import Catalogue, DataSource

Texts = tuple[str, ...]
"""One text, or the two of a pair."""

_NAME_LENGTH = 60
# What tells a terminal to do something, such as to write from right to left.
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


class TextSource(DataSource):
    """Examples that are one text each, or a pair of them."""

    def __init__(self, catalogue: Catalogue, texts: Sequence[Texts]) -> None:
        """`texts` are by example, all of one length."""
        super().__init__(catalogue)
        self.texts = texts

    def read_input(self, index: tf.Tensor) -> dict[str, tf.Tensor]:
        """Return `texts`: a vector of one string or two."""
        return {"texts": tf.gather(tf.constant(self.texts), index)}


def text_identity(texts: Texts) -> str:
    """Return the SHA-256 that an example's content is known by."""
    return content_identity(*texts)


def shorten(texts: Texts) -> str:
    """Return the beginning of an example on one line, to be told from others by."""
    line = " ".join(" / ".join(texts).split())
    line = _CONTROL.sub(lambda found: repr(found[0])[1:-1], line)
    return line if len(line) <= _NAME_LENGTH else f"{line[:_NAME_LENGTH]}..."
