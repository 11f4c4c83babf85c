from __future__ import annotations

import keras
import numpy as np
import tensorflow as tf

from kerastune_ft.training.updates.pretrained_pull import PretrainedPull


def test_the_gradient_is_that_of_half_the_squared_distance() -> None:
    random = np.random.default_rng(0)
    pulled, new = (keras.Variable(random.normal(size=(3, 2)).astype(np.float32), name=name) for name in ("a", "b"))
    before = random.normal(size=(3, 2)).astype(np.float32)
    pull = PretrainedPull(tf.distribute.get_strategy(), [pulled, new], {pulled.path: before}, 0.3)
    given = [tf.constant(random.normal(size=(3, 2)), tf.float32) for _ in range(2)]
    found = pull.add(given)
    with tf.GradientTape() as tape:
        penalty = 0.3 / 2 * tf.reduce_sum(tf.square(pulled.value - before))
    np.testing.assert_allclose(found[0] - given[0], tape.gradient(penalty, pulled.value), rtol=1e-5, atol=1e-7)
    assert np.array_equal(found[1], given[1]), "what has no pretrained value has no pull"
