from __future__ import annotations

from typing import get_args

import numpy as np
import tensorflow as tf

from kerastune_ft.config.options.task_facts import LabelKind
from kerastune_ft.explaining.scores import SCORES

OUTPUTS = np.array([[1.0, 3.0, -1.0], [0.5, -2.0, 0.0]], np.float32)


def test_all_kinds_but_masks_are_explained() -> None:
    assert set(get_args(LabelKind)) - set(SCORES) == {"mask", "boxes", "text"}


def test_what_is_explained_is_what_was_answered() -> None:
    one, several, values = (SCORES[kind] for kind in ("one", "several", "values"))
    assert (one.choose(OUTPUTS[0]), several.choose(OUTPUTS[1]), values.choose(OUTPUTS[0])) == (1, 0, 0)
    share = np.exp(OUTPUTS) / np.exp(OUTPUTS).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(one.measure(OUTPUTS, 1), share[:, 1], rtol=1e-6)
    np.testing.assert_allclose(one.tensor(tf.constant(OUTPUTS), 1), np.log(share[:, 1]), rtol=1e-5)
    np.testing.assert_allclose(several.measure(OUTPUTS, 1), 1 / (1 + np.exp(-OUTPUTS[:, 1])), rtol=1e-6)
    np.testing.assert_array_equal(values.measure(OUTPUTS, 2), OUTPUTS[:, 2])
    for score in (several, values):
        np.testing.assert_array_equal(score.tensor(tf.constant(OUTPUTS), 2), OUTPUTS[:, 2])
