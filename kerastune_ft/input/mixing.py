"""Mixing of two training examples: mixup blends them, cutmix pastes a rectangle of one into the other.

Which example another one is mixed with, and by how much, are draws addressed by its key, as those of an augmentation
are. A partner is any training example and is loaded by its index, so nothing depends on the batch: neither on its
examples, nor on its size, nor on the replica. What an example is mixed with has the look that it has itself in the
same epoch: each is augmented by its own draws, then both are mixed.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import tensorflow as tf

from kerastune_ft.graph.randomness import uniform
from kerastune_ft.input.rectangles import Rectangles, is_inside

# A Beta distribution is drawn from a table of this many equally likely values, in multiples of one part of as many:
# then both shares of a mixture, and sums of a few thousand of them, are exact in float32.
_TABLE = 1 << 12


@dataclass(frozen=True)
class Partners:
    """The training examples that others are mixed with, and how often each of them is drawn."""

    indices: np.ndarray
    """Their indices in the source, int64."""
    chances: np.ndarray | None = None
    """The chance of each, float64, which sum to 1; None where all are equally likely."""

    def draw(self, keys: tf.Tensor) -> tf.Tensor:
        """Return the index of a partner for each key, int64 [batch]."""
        count = len(self.indices)
        # One draw of 24 bits would leave out some of many millions of examples.
        draws = tf.cast(uniform(keys, "mixing/partner", [2]), tf.float64)
        even = draws[:, 0] + draws[:, 1] * 2.0**-24
        if self.chances is None:
            places = tf.cast(even * count, tf.int64)
        else:
            places = tf.searchsorted(tf.constant(np.cumsum(self.chances)), even, side="right", out_type=tf.int64)
        return tf.gather(tf.constant(self.indices, tf.int64), tf.minimum(places, count - 1))

    def hash(self, contents: Sequence[str]) -> str:
        """Return a SHA-256 of who is drawn how often; `contents` are the hashes of all examples of the source."""
        digest = hashlib.sha256("".join(contents[index] for index in self.indices).encode())
        digest.update(b"" if self.chances is None else self.chances.astype("<f8").tobytes())
        return digest.hexdigest()


@dataclass(frozen=True)
class Mix:
    """The mixing drawn for a batch of examples with their partners."""

    share: tf.Tensor
    """How much of the mixture is the example itself, float32 [batch]; the rest is its partner."""
    blend: tf.Tensor | None = None
    """The factor on the values of the example, float32 [batch]: 1 where it is not blended; None where none is."""
    pasted: Rectangles | None = None
    """The rectangle of each example that shows its partner; None where none has one."""


@dataclass(frozen=True)
class Mixing:
    """How a phase mixes its examples: the alpha of a Beta(alpha, alpha) for each of the two ways, 0 for none.

    Where both are given, each example is mixed in one of the two ways, as likely in one as in the other.
    """

    mixup: float
    cutmix: float
    partners: Partners

    def draw(self, keys: tf.Tensor, size: tuple[int, int] | None) -> Mix:
        """Draw the mixing of examples with these keys; `size` is the height and width of images, None for others."""
        if not self.cutmix:
            blend = _draw_shares(keys, self.mixup)
            return Mix(share=blend, blend=blend)
        assert size is not None, "cutmix pastes rectangles of images"
        is_cut = tf.ones([tf.shape(keys)[0]], tf.bool)
        if self.mixup:
            is_cut = uniform(keys, "mixing/way") < 0.5
        pasted, share = _draw_rectangles(keys, self.cutmix, size, is_cut)
        if not self.mixup:
            return Mix(share=share, pasted=pasted)
        blend = tf.where(is_cut, 1.0, _draw_shares(keys, self.mixup))
        return Mix(share=tf.where(is_cut, share, blend), blend=blend, pasted=pasted)


def mix_values(own: tf.Tensor, others: tf.Tensor, share: tf.Tensor) -> tf.Tensor:
    """Return share x own + (1 - share) x others, float32 [batch, ...]; `share` is float32 [batch]."""
    share = tf.reshape(share, [-1, *[1] * (len(own.shape) - 1)])
    return share * tf.cast(own, tf.float32) + (1.0 - share) * tf.cast(others, tf.float32)


def mix_images(images: tf.Tensor, others: tf.Tensor, mix: Mix) -> tf.Tensor:
    """Return images [batch, height, width, channels] mixed with others of the same shape."""
    mixed = images if mix.blend is None else mix_values(images, others, mix.blend)
    return paste(mixed, others, mix)


def paste(own: tf.Tensor, others: tf.Tensor, mix: Mix) -> tf.Tensor:
    """Return images or masks [batch, height, width, ...] with the rectangles of their partners pasted in."""
    if mix.pasted is None:
        return own
    inside = is_inside(mix.pasted, own.shape[1:3])
    return tf.where(tf.reshape(inside, [-1, *own.shape[1:3], *[1] * (len(own.shape) - 3)]), others, own)


def _draw_shares(keys: tf.Tensor, alpha: float) -> tf.Tensor:
    """Return a draw from Beta(alpha, alpha) for each key, float32 [batch]."""
    return tf.gather(tf.constant(_quantiles(alpha), tf.float32), _draw_rows(keys, "mixing/mixup"))


def _draw_rows(keys: tf.Tensor, site: str) -> tf.Tensor:
    return tf.cast(uniform(keys, site) * float(_TABLE), tf.int32)


@functools.cache
def _quantiles(alpha: float) -> np.ndarray:
    """Return the quantiles of Beta(alpha, alpha) at the middles of as many equal parts as the table has rows."""
    from scipy.special import betaincinv

    values = betaincinv(alpha, alpha, (np.arange(_TABLE) + 0.5) / _TABLE)
    rounded: np.ndarray = np.round(values * _TABLE) / _TABLE
    return rounded


def _draw_rectangles(
    keys: tf.Tensor, alpha: float, size: tuple[int, int], is_cut: tf.Tensor
) -> tuple[Rectangles, tf.Tensor]:
    """Draw a rectangle for each key, and return it with the share of the image outside of it.

    Its sides are those of the image times the root of 1 - lambda, its centre is any pixel; what lies beyond the image
    is cut off, and the share is that of the pixels that are left.
    """
    height, width = size
    rows = _draw_rows(keys, "mixing/cutmix")
    side = tf.gather(tf.constant(np.sqrt(1.0 - _quantiles(alpha)), tf.float32), rows)
    centre = uniform(keys, "mixing/centre", [2])

    def span(length: int, place: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        middle, half = tf.floor(place * length), tf.floor(tf.floor(side * length) * 0.5)
        return tf.maximum(middle - half, 0.0), tf.minimum(middle + half, float(length))

    top, bottom = span(height, centre[:, 0])
    left, right = span(width, centre[:, 1])
    share = 1.0 - (bottom - top) * (right - left) * (1.0 / (height * width))
    return Rectangles(is_cut, top, left, bottom, right), share
