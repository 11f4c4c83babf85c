from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from kerastune_ft.errors import ConfigError
from kerastune_ft.explaining.heat_maps import GradCam, enlarge, find_map
from kerastune_ft.explaining.scores import SCORES


def test_heat_is_the_formula_of_grad_cam() -> None:
    """Two channels, a linear head on their means: the slope by each place of a channel is its weight by the places."""
    image = keras.Input((4, 4, 2))
    maps = keras.layers.Activation("linear")(image)
    pooled = keras.layers.GlobalAveragePooling2D()(maps)
    head = keras.layers.Dense(3, use_bias=False)
    model = keras.Model(image, [maps, head(pooled)])
    values = np.random.default_rng(0).normal(size=(1, 4, 4, 2)).astype(np.float32)
    found = GradCam(model, None, SCORES["several"]).find(tf.constant(values), 2)
    kernel = np.asarray(head.kernel)[:, 2] / 16
    heat = np.maximum((values[0] * kernel).sum(axis=-1), 0)
    np.testing.assert_allclose(found, heat / heat.max(), atol=1e-5)
    assert not GradCam(model, None, SCORES["several"]).find(tf.zeros((1, 4, 4, 2)), 0).any()


def test_tokens_of_patches_are_places() -> None:
    tokens = keras.Input((5, 3))
    outputs = keras.layers.Dense(2)(keras.layers.GlobalAveragePooling1D()(tokens))
    model = keras.Model(tokens, [keras.layers.Activation("linear")(tokens), outputs])
    # A class token and four patches.
    values = tf.constant(np.random.default_rng(0).normal(size=(1, 5, 3)), tf.float32)
    model = keras.Model(tokens, [tokens, outputs])
    assert GradCam(model, 1, SCORES["one"]).find(values, 0).shape == (2, 2)
    with pytest.raises(ConfigError, match="5 tokens are no square of places"):
        GradCam(model, 0, SCORES["one"]).find(values, 0)


def _session(endpoints: dict[str, Any], pooling: str = "mean") -> Any:
    backbone = SimpleNamespace(endpoints=endpoints, name="net", prefix_tokens=1)
    return SimpleNamespace(backbone=backbone, config=SimpleNamespace(head=SimpleNamespace(pooling=pooling)))


def test_the_map_is_the_last_that_has_places() -> None:
    maps, tokens, row = (keras.Input(shape) for shape in ((7, 7, 8), (50, 8), (8,)))
    assert find_map(_session({"features": maps})) == (maps, None)
    assert find_map(_session({"features": tokens})) == (tokens, 1)
    fine = keras.Input((14, 14, 4))
    assert find_map(_session({"features": row, "stride16": fine, "stride32": maps})) == (maps, None)
    with pytest.raises(ConfigError, match="gives features without places"):
        find_map(_session({"features": row}))
    with pytest.raises(ConfigError, match="answers by its class token"):
        find_map(_session({"features": tokens}, "cls"))


def test_cells_become_places() -> None:
    cells = np.array([[[True, False], [False, False]]])
    assert enlarge(cells, 4, 6)[0].astype(int).tolist() == [[1, 1, 1, 0, 0, 0]] * 2 + [[0] * 6] * 2
