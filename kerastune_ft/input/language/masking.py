"""Hides tokens of texts, which a model learns to find: by addressed draws, so alike on every machine and after a stop.

Source: Devlin et al., "BERT: Pre-training of Deep Bidirectional Transformers for Language Understanding" (2019),
section 3.1. As there, a text has a share of its tokens to find, one at least, and they are drawn anew in every epoch
(Liu et al., "RoBERTa", 2019, call it dynamic masking) unless a phase asks for a few fixed versions of each text.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf

from kerastune_ft.graph import randomness
from kerastune_ft.input.augmentation import Augmentation

_HIDDEN, _OTHER = 0.8, 0.1
"""Of the tokens to find, the share behind the mask token, and that of others in their place; the rest stay."""
# Figures are of these masks, whatever the seed of a run: they depend on the text alone.
_MEASURED = "masked_lm/measured"
_CHOICE, _WAY, _TOKEN = "masked_lm/choice", "masked_lm/way", "masked_lm/token"


@dataclass(frozen=True)
class Masking:
    """How tokens of rows are hidden."""

    rate: float
    """The share of the tokens of a row that are to be found."""
    mask: int
    """The token that others are hidden behind."""
    special: np.ndarray
    """Tokens that are never hidden, int32, ascending."""
    words: np.ndarray
    """Tokens that may stand in the place of others, int32."""

    def to_json(self) -> dict[str, Any]:
        """Return the settings as JSON values."""
        return {"mask_selection_rate": self.rate, "mask": self.mask, "hidden": _HIDDEN, "other": _OTHER}

    def list_hidable(self, ids: np.ndarray) -> np.ndarray:
        """Return which tokens may be hidden: all but special ones, padding among these; bool, as `ids`."""
        return ~np.isin(ids, self.special)

    def hide(self, ids: np.ndarray, keys: tf.Tensor) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        """Return rows with tokens hidden, int32 [rows, length], and their targets by name, of the same shape.

        `ids` are the rows, `keys` one for each, see `randomness.example_keys`. The targets are `labels` int32 and
        `weights` float32, which are 1 where a token is to be found. What is drawn for a token depends on key and
        place alone.
        """
        length = ids.shape[1]
        hidable = self.list_hidable(ids)
        choice, way, token = (_draw(keys, site, length) for site in (_CHOICE, _WAY, _TOKEN))
        counts = hidable.sum(1)
        wanted = np.minimum(np.maximum(1, np.rint(self.rate * counts)), counts).astype(np.int64)
        order = np.argsort(np.where(hidable, choice, 2.0), axis=1, kind="stable")
        ranks = np.empty_like(order)
        np.put_along_axis(ranks, order, np.arange(length)[np.newaxis], axis=1)
        found = ranks < wanted[:, np.newaxis]
        others = self.words[np.minimum((token * len(self.words)).astype(np.int64), len(self.words) - 1)]
        instead = np.where(way < _HIDDEN, self.mask, np.where(way < _HIDDEN + _OTHER, others, ids))
        rows = np.where(found, instead, ids).astype(np.int32)
        return rows, {"labels": np.where(found, ids, 0).astype(np.int32), "weights": found.astype(np.float32)}


def find_keys(
    indices: np.ndarray, identities: np.ndarray, augmentation: Augmentation | None = None, version: int = 0
) -> tf.Tensor:
    """Return the keys of the draws for examples, uint32 [examples, 2]; `identities` are those of all by index.

    With an `augmentation`, that of a phase, they are those of its epoch or view `version`; else those of what is
    measured, which are the same in all epochs and runs.
    """
    with tf.init_scope(), tf.device("CPU:0"):
        own = tf.constant(identities)
        if augmentation is None:
            return randomness.example_keys(_MEASURED, 0, tf.gather(own, indices))
        return augmentation.keys(version, tf.constant(indices, tf.int64), own)


def _draw(keys: tf.Tensor, site: str, length: int) -> np.ndarray:
    with tf.init_scope(), tf.device("CPU:0"):
        return np.asarray(randomness.uniform(keys, site, [length]))
