from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from kerastune_ft.data.labels.scheme import LabelScheme
from kerastune_ft.exporting.graphs.masks import MaskGraphs, restore_masks
from kerastune_ft.input.decode import Geometry
from kerastune_ft.input.mask_geometry import restore_mask
from tests.support.tiny_servings import classes_task, make_serving


def test_mask_files_have_the_values_of_the_runs_own_masks() -> None:
    serving = make_serving(classes_task())
    serving.task.scheme = LabelScheme("mask", ("ground", "cell"), raw_values={0: "ground", 255: "cell"})
    answers = MaskGraphs(serving).answers()
    assert answers["pixels"] == [0, 255, *[0] * 254]
    assert answers["palette"] == [*[0] * 765, 128, 0, 0]


@pytest.mark.parametrize("how", ["crop", "pad", "stretch"])
@pytest.mark.parametrize("size", [(31, 17), (8, 12), (5, 90), (1, 1), (100, 101), (640, 480)])
def test_masks_are_restored_as_predict_does(how: str, size: tuple[int, int]) -> None:
    masks = np.random.default_rng(0).integers(0, 4, (2, 8, 12)).astype(np.int32)
    sides, geometry = tuple(map(tf.constant, size)), Geometry(8, 12, how)
    found = restore_masks(tf.constant(masks), *sides, geometry).numpy()
    for own, mask in zip(found, masks, strict=True):
        assert np.array_equal(own, restore_mask(tf.constant(mask), *sides, geometry).numpy())
