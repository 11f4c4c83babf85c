"""Small models whose graphs are as awkward as those of real backbones."""

from __future__ import annotations

import functools
from collections.abc import Sequence

import keras
import numpy as np
import tensorflow as tf

from kerastune_ft.backbones.base import Backbone
from kerastune_ft.backbones.build import build, outline
from kerastune_ft.config.options import phases as options
from kerastune_ft.config.options.backbones import Applications
from kerastune_ft.graph.boundary import resolve
from kerastune_ft.graph.partition import Partition, partition
from kerastune_ft.graph.units import Unit

TOKENS, LENGTH, WIDTH = 11, 6, 8


@functools.cache
def application(name: str, size: int = 64) -> Backbone:
    """Return an architecture of keras.applications with random weights, built once per session."""
    return build(Applications(name=name, weights=None, image_size=size), seed=0)


def structure(name: str, size: int = 96) -> Backbone:
    """Return an architecture whose variables were given no values: all that its division into units needs."""
    keras.utils.clear_session()
    return outline(Applications(name=name, weights=None, image_size=size))


def _block(x: keras.KerasTensor, mask: keras.KerasTensor | None, number: int) -> keras.KerasTensor:
    name = f"layer_{number}"
    attention = keras.layers.MultiHeadAttention(2, 4, dropout=0.1, name=f"{name}_attention")
    normed = keras.layers.LayerNormalization(name=f"{name}_attention_norm")(x)
    x = x + attention(normed, normed, attention_mask=mask, use_causal_mask=True)
    normed = keras.layers.LayerNormalization(name=f"{name}_norm")(x)
    hidden = keras.layers.Dense(2 * WIDTH, "gelu", name=f"{name}_expand")(normed)
    return x + keras.layers.Dense(WIDTH, name=f"{name}_project")(hidden)


class _Logits(keras.layers.Layer):
    """The transposed table of an embedding as output layer: it holds the embedding's variable, not one of its own."""

    def __init__(self, embedding: keras.layers.Embedding) -> None:
        super().__init__(name="logits")
        self.embedding = embedding

    def call(self, features: tf.Tensor) -> tf.Tensor:
        return keras.ops.matmul(features, keras.ops.transpose(self.embedding.embeddings))


def tied_language_model(blocks: int = 3) -> keras.Model:
    """Return a causal language model whose output layer is its token embedding."""
    tokens = keras.Input((LENGTH,), dtype="int32", name="tokens")
    embedding = keras.layers.Embedding(TOKENS, WIDTH, name="embedding")
    x = embedding(tokens)
    for number in range(blocks):
        x = _block(x, None, number)
    return keras.Model(tokens, _Logits(embedding)(keras.layers.LayerNormalization(name="final_norm")(x)))


def masked_encoder(blocks: int = 2) -> keras.Model:
    """Return an encoder of two inputs, of which the mask is read by every block and by the pooling."""
    tokens = keras.Input((LENGTH,), dtype="int32", name="tokens")
    mask = keras.Input((LENGTH,), dtype="float32", name="mask")
    attended = keras.ops.reshape(mask, (-1, 1, LENGTH)) > 0
    x = keras.layers.Embedding(TOKENS, WIDTH, name="embedding")(tokens)
    for number in range(blocks):
        x = _block(x, attended, number)
    weights = keras.ops.expand_dims(mask, -1)
    pooled = keras.ops.sum(x * weights, axis=1) / keras.ops.sum(weights, axis=1)
    return keras.Model([tokens, mask], keras.layers.Dense(3, name="output")(pooled))


def reader_and_writer(blocks: int = 2) -> keras.Model:
    """Return an encoder whose output is read, beside its mask, by all blocks of a decoder, which has a mask too."""
    read, written = (keras.Input((LENGTH,), dtype="int32", name=name) for name in ("read", "written"))
    read_mask, written_mask = (
        keras.Input((LENGTH,), dtype="float32", name=f"{name}_mask") for name in ("read", "written")
    )
    embedding = keras.layers.Embedding(TOKENS, WIDTH, name="embedding")
    encoded = embedding(read)
    for number in range(blocks):
        encoded = keras.layers.Dense(WIDTH, "relu", name=f"encoder_{number}")(
            encoded * keras.ops.expand_dims(read_mask, -1)
        )
    x = keras.layers.Identity(name="decoder_embedded")(embedding(written))
    for number in range(blocks):
        cross = keras.layers.MultiHeadAttention(1, WIDTH, name=f"cross_{number}")
        looked = cross(x * keras.ops.expand_dims(written_mask, -1), encoded)
        x = keras.layers.Dense(WIDTH, "relu", name=f"decoder_{number}")(x + looked)
    inputs = [read, read_mask, written, written_mask]
    return keras.Model(inputs, keras.layers.Dense(3, name="output")(x))


def skip_segmenter() -> keras.Model:
    """Return an encoder and decoder with two skip connections."""
    images = keras.Input((16, 16, 3), name="image")
    skips, x = [], images
    for number, width in enumerate((4, 6)):
        x = keras.layers.Conv2D(width, 3, padding="same", activation="relu", name=f"down_{number}")(x)
        x = keras.layers.BatchNormalization(name=f"down_{number}_norm")(x)
        skips.append(x)
        x = keras.layers.MaxPooling2D(name=f"down_{number}_pool")(x)
    x = keras.layers.Conv2D(8, 3, padding="same", activation="relu", name="middle")(x)
    for number, skip in reversed(list(enumerate(skips))):
        x = keras.layers.Concatenate(name=f"up_{number}_join")(
            [keras.layers.UpSampling2D(name=f"up_{number}")(x), skip]
        )
        x = keras.layers.Conv2D(6, 3, padding="same", activation="relu", name=f"up_{number}_conv")(x)
    return keras.Model(images, keras.layers.Conv2D(2, 1, name="classes")(x))


def paths_from(units: Sequence[Unit], first: int) -> set[str]:
    """Return the paths of all variables of the units from one on."""
    return {variable.path for unit in units[first:] for variable in unit.variables}


def random_inputs(model: keras.Model, rows: int = 4) -> list[np.ndarray]:
    """Return inputs for a model: tokens for integers, 0/1 for a mask, pixels for images."""
    random = np.random.default_rng(0)
    inputs = []
    for tensor in model.inputs:
        shape = (rows, *tensor.shape[1:])
        if "int" in tensor.dtype:
            inputs.append(random.integers(0, TOKENS, shape).astype(np.int32))
        elif len(shape) == 2:
            inputs.append(np.sort(random.integers(0, 2, shape), axis=1)[:, ::-1].astype(np.float32))
            inputs[-1][:, 0] = 1
        else:
            inputs.append(random.uniform(0, 255, shape).astype(np.float32))
    return inputs


def check_partition(model: keras.Model, trained: set[str], rows: int = 4) -> Partition:
    """Cut the model below `trained`; its parts must compute what it computes and share its variables."""
    parts = partition(model, trained)
    inputs = random_inputs(model, rows)
    given = inputs if len(inputs) > 1 else inputs[0]

    def in_two(values: list[tf.Tensor] | tf.Tensor) -> tf.Tensor:
        cut = values if parts.prefix is None else parts.prefix(values, training=False)
        return parts.tail(cut, training=False)

    whole = tf.function(lambda values: model(values, training=False))(given)
    assert np.array_equal(tf.function(in_two)(given), whole)
    assert np.isfinite(whole).all()
    below = {variable.path for variable in parts.prefix.variables} if parts.prefix is not None else set()
    above = {variable.path for variable in parts.tail.variables}
    assert trained <= above
    assert not trained & below
    assert below | above == {variable.path for variable in model.variables}
    return parts


def check_every_boundary(backbone: Backbone, rows: int = 2) -> int:
    """Cut a backbone below each unit but the first, as a phase would; return the most tensors that cross.

    Layer by layer, so that no graph is traced for each boundary, and with the same kernels on both sides.
    """
    inputs = random_inputs(backbone.model, rows)[0]
    whole = backbone.model(inputs, training=False).numpy()
    assert np.isfinite(whole).all()
    assert whole.std() > 0
    widest = 0
    for unit in backbone.units[1:]:
        trained = resolve(options.From(unit=unit.id), backbone.units, "unfreeze").variables
        parts = partition(backbone.model, trained)
        assert parts.prefix is not None
        found = parts.tail(parts.prefix(inputs, training=False), training=False).numpy()
        assert np.array_equal(found, whole), unit.id
        below = {variable.path for variable in parts.prefix.variables}
        assert not trained & below
        assert below | {variable.path for variable in parts.tail.variables} == {
            variable.path for variable in backbone.model.variables
        }
        widest = max(widest, len(parts.cut))
    return widest
