"""The predict.py of a Keras export of masks: masks at the pictures' own sizes."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
import tensorflow as tf

from kerastune_ft.exporting.scripts import keras_masks as script
from kerastune_ft.input.decode import Geometry
from kerastune_ft.input.mask_geometry import restore_mask


@pytest.mark.parametrize("how", ["crop", "pad", "stretch"])
@pytest.mark.parametrize("size", [(31, 17), (8, 12), (5, 90), (1, 1), (100, 101), (640, 480)])
def test_masks_are_restored_as_predict_does(how: str, size: tuple[int, int]) -> None:
    mask = np.random.default_rng(0).integers(0, 4, (8, 12))
    model = SimpleNamespace(height=8, width=12, resize=how)
    wanted = restore_mask(tf.constant(np.uint8(mask)), *map(tf.constant, size), Geometry(8, 12, how)).numpy()
    assert np.array_equal(script.restore(model, mask, *size), wanted)


def test_the_class_of_a_pixel_is_the_most_probable() -> None:
    outputs = np.random.default_rng(1).random((1, 8, 12, 3)).astype(np.float32)
    model = SimpleNamespace(model=lambda images: outputs, height=8, width=12, resize="stretch")
    (found,) = script.predict(model, [np.zeros((8, 12, 3), np.uint8)])
    assert np.array_equal(found["mask"], outputs[0].argmax(-1))
