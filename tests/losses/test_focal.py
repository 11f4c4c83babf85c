from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from kerastune_ft.losses.focal import focus_on_class, focus_on_flag


def test_the_factor_keeps_digits_where_one_minus_p_has_none() -> None:
    """At a logit of 30 float32 says that the probability is 1; what is missing is e^-30."""
    two = focus_on_class(tf.constant([0]), tf.constant([[30.0, 0.0]]), 1.0)
    assert two.numpy() == pytest.approx([np.exp(-30.0)], rel=1e-4)
    flags = focus_on_flag(tf.constant([1.0, 0.0]), tf.constant([30.0, -30.0]), 1.0)
    assert flags.numpy() == pytest.approx([np.exp(-30.0)] * 2, rel=1e-4)


def test_it_takes_labels_of_any_shape() -> None:
    labels, logits = tf.constant([[[0, 1]], [[2, 2]]]), tf.random.stateless_normal([2, 1, 2, 3], (0, 1))
    missing = 1 - np.take_along_axis(tf.nn.softmax(logits).numpy(), labels.numpy()[..., None], -1)[..., 0]
    assert focus_on_class(labels, logits, 2.0).numpy() == pytest.approx(missing**2, rel=1e-4)
