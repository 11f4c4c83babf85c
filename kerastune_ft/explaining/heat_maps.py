"""Heat maps by Grad-CAM: where the last feature map speaks for an answer.

Selvaraju et al., "Grad-CAM: Visual Explanations from Deep Networks via Gradient-based Localization", ICCV 2017: the
activations of a feature map, weighted by the mean slope of the answer by each channel, where their sum is positive. Of
a transformer, whose last features are tokens of patches, the tokens are the places of the map.
"""

from __future__ import annotations

import math
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from kerastune_ft.backbones.endpoints import FEATURES
from kerastune_ft.errors import ConfigError
from kerastune_ft.explaining.scores import Score
from kerastune_ft.training.session.session import Session

_FIRST_TOKEN = "cls"


def find_map(session: Session) -> tuple[Any, int | None]:
    """Return the last feature map of a session's backbone, a symbolic tensor, and how many of its first tokens to skip.

    The number is None for a map [height, width, channels]. Raises ConfigError for a backbone that has no places.
    """
    backbone = session.backbone
    found = backbone.endpoints
    features = found.get(FEATURES)
    if features is not None and len(features.shape) == 4:
        return features, None
    if features is not None and len(features.shape) == 3 and features.shape[1] is not None:
        if session.config.head.pooling == _FIRST_TOKEN:
            raise ConfigError(
                f'explanations: {backbone.name} answers by its class token (head.pooling "cls"), so that no slope '
                'reaches the places of its last features; train a head with "mean" to have pictures of them'
            )
        return features, backbone.prefix_tokens
    strides = [name for name in found if name != FEATURES]
    if strides:
        return found[max(strides, key=lambda name: int(name.removeprefix("stride")))], None
    raise ConfigError(
        f"explanations: {backbone.name} gives features without places, so there is nothing to draw a map of"
    )


class GradCam:
    """Grad-CAM of a part of a model: from the tensor that is erased from, to a feature map and raw outputs."""

    def __init__(self, tail: keras.Model, skipped: int | None, score: Score) -> None:
        """`tail` gives [feature map, outputs]; `skipped` are first tokens that are no places, see `find_map`."""
        self._tail, self._skipped, self._score = tail, skipped, score
        self._slopes = tf.function(self._compute, autograph=False, reduce_retracing=True)

    def find(self, values: tf.Tensor, chosen: int) -> np.ndarray:
        """Return the heat of one example [1, ...]: [rows, columns], the hottest 1; all 0 where none is hot."""
        maps, slopes = (np.asarray(each)[0] for each in self._slopes(values, tf.constant(chosen)))
        if self._skipped is not None:
            maps, slopes = (_to_grid(each[self._skipped :]) for each in (maps, slopes))
        weights = slopes.mean(axis=(0, 1))
        heat = np.maximum((maps * weights).sum(axis=-1), 0.0)
        largest = float(heat.max())
        return heat / largest if largest > 0 else heat

    def _compute(self, values: tf.Tensor, chosen: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        with tf.GradientTape() as tape:
            tape.watch(values)
            maps, outputs = self._tail(values, training=False)
            score = self._score.tensor(outputs, chosen)
        return maps, tape.gradient(score, maps)


def _to_grid(tokens: np.ndarray) -> np.ndarray:
    """Return tokens [places, channels] as a map; raise ConfigError where they are no square."""
    side = math.isqrt(len(tokens))
    if side * side != len(tokens):
        raise ConfigError(
            f"explanations: {len(tokens)} tokens are no square of places; no picture can be drawn of them"
        )
    return tokens.reshape(side, side, -1)


def enlarge(cells: np.ndarray, height: int, width: int) -> np.ndarray:
    """Return flags [ways, rows, columns] for every place of a picture, each that of the cell it lies in."""
    rows = np.arange(height) * cells.shape[1] // height
    columns = np.arange(width) * cells.shape[2] // width
    enlarged: np.ndarray = cells[:, rows][:, :, columns]
    return enlarged
