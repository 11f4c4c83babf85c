"""Strings as inputs of a text model, for TensorFlow alone: tokens, rows and padding are made within the graph.

keras-hub's tokenizers then compute with TensorFlow Text, whose operations a process gets by importing it.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from typing import Any

import tensorflow as tf

from kerastune_ft.backbones.text_input import PADDING_MASK, SEGMENT_IDS, TOKEN_IDS
from kerastune_ft.exporting.graphs.base import Tensors
from kerastune_ft.exporting.tokenizers.hard_texts import HARD_TEXTS
from kerastune_ft.graph import keras_private
from kerastune_ft.input.texts.row_settings import RowSettings
from kerastune_ft.input.texts.tokenise import tokenise_texts

PACKAGE = "tensorflow_text"
_GROWS = "BytePairTokenizer"
# TensorFlow's takes a text to end where a character of code 0 is; another that is none either stands in its place.
_ENDS_AT_ZERO, _ZERO, _OTHER = "WordPieceTokenizer", r"\x00", "\x01"


def explain_refusal(rows: RowSettings) -> str | None:
    """Return why a graph cannot take strings for a model of these rows, in words; None where it can."""
    tokenizer = rows.text.tokenizer
    name = type(tokenizer).__name__
    if rows.text.window is not None:
        return "texts in windows are divided outside of the graph"
    if _is_of(tokenizer, _GROWS):
        return f"{name} of TensorFlow keeps every word that it ever saw, so that a server's memory would grow for ever"
    if importlib.util.find_spec(PACKAGE) is None:
        return "tensorflow-text is not installed: python -m pip install tensorflow-text"
    if hasattr(tokenizer, "set_proto"):
        # Made anew: TensorFlow drops the model of SentencePiece whenever it empties its caches, as with a new seed.
        tokenizer.set_proto(tokenizer.proto)
    read = tf.function(lambda texts: _tokenise(tokenizer, texts), autograph=False)
    found = read(tf.constant(HARD_TEXTS)).to_list()
    wanted = tokenise_texts(tokenizer, HARD_TEXTS)
    if other := [text for number, text in enumerate(HARD_TEXTS) if found[number] != wanted[number].tolist()]:
        return f"{name} of TensorFlow gives other tokens than in training, as for {other[0][:40]!r}"
    return None


def read_rows(rows: RowSettings, texts: Sequence[tf.Tensor]) -> Tensors:
    """Return the rows of texts [batch], or of all first and all second ones, as inputs of a model; a graph function.

    They are padded to the smallest size of `rows` that holds the longest. Blanks around a text are left out.
    """
    text = rows.text
    parts = [_tokenise(text.tokenizer, tf.strings.strip(each)) for each in texts]
    room = rows.limit - text.special(len(parts))
    kept = _count_tokens([part.row_lengths() for part in parts], room)
    pieces = [
        part for tokens, length in zip(parts, kept, strict=True) for part in (_cut(tokens, length), text.separator)
    ]
    batch = tf.size(texts[0])
    whole = [_repeat(part, batch) for part in (text.start, *pieces[:-1], text.end)]
    packed = tf.concat(whole, axis=1)
    # A row without any token has one of padding, since a model cannot pool nothing.
    lengths = tf.maximum(packed.row_lengths(), 1)
    sizes = tf.constant(rows.sizes, tf.int64)
    size = tf.reduce_min(tf.boolean_mask(sizes, sizes >= tf.reduce_max(lengths)))
    dense, mask = packed.to_tensor(text.pad), tf.sequence_mask(lengths, size)
    begins = lengths if len(parts) == 1 else tf.add_n([part.row_lengths() for part in whole[: len(whole) - 2]])
    inputs = {
        TOKEN_IDS: tf.pad(dense, [[0, 0], [0, tf.cast(size, tf.int32) - tf.shape(dense)[1]]], constant_values=text.pad),
        PADDING_MASK: tf.cast(mask, tf.int32),
        SEGMENT_IDS: tf.cast(mask & ~tf.sequence_mask(begins, size), tf.int32),
    }
    return {name: inputs[name] for name in text.names}


def list_resources(rows: RowSettings) -> list[Any]:
    """Return what the tokenizer holds besides tensors, which a saved model has to hold as well."""
    return keras_private.tokenizer_resources(rows.text.tokenizer)


def _tokenise(tokenizer: Any, texts: tf.Tensor) -> tf.RaggedTensor:
    """Return the tokens of texts [batch] without special ones; a graph function."""
    if _is_of(tokenizer, _ENDS_AT_ZERO):
        texts = tf.strings.regex_replace(texts, _ZERO, _OTHER)
    return tokenizer(texts)


def _is_of(tokenizer: Any, name: str) -> bool:
    return any(each.__name__ == name for each in type(tokenizer).__mro__)


def _count_tokens(lengths: Sequence[tf.Tensor], room: int) -> list[tf.Tensor]:
    """Return how many tokens of each text are kept: of a pair the longer one is cut first."""
    if len(lengths) == 1:
        return [tf.minimum(lengths[0], room)]
    second = tf.minimum(lengths[1], tf.maximum(tf.cast(room // 2, tf.int64), room - lengths[0]))
    return [tf.minimum(lengths[0], room - second), second]


def _cut(tokens: tf.RaggedTensor, lengths: tf.Tensor) -> tf.RaggedTensor:
    return tf.RaggedTensor.from_tensor(tf.cast(tokens.to_tensor(), tf.int32), lengths)


def _repeat(part: Any, batch: tf.Tensor) -> tf.RaggedTensor:
    """Return tokens for each row: those of the rows, or the same ones for all."""
    if isinstance(part, tf.RaggedTensor):
        return part
    return tf.RaggedTensor.from_tensor(tf.tile(tf.constant([part], tf.int32, shape=(1, len(part))), [batch, 1]))
