from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

from kerastune_ft.input.box_geometry import find_placement, restore_boxes
from kerastune_ft.input.decode import Geometry
from kerastune_ft.layers.detection.answers import merge_detections, place_in_images

SIZE = (64, 96)
BOX = [10.0, 12.0, 50.0, 40.0]


def pad(*rows: list[float], count: int = 4) -> tf.Tensor:
    found = np.full((1, count, 6), -1, np.float32)
    found[0, : len(rows)] = np.array(rows, np.float32).reshape(-1, 6)
    return tf.constant(found)


@pytest.mark.parametrize("resize", ["pad", "stretch", "crop"])
@pytest.mark.parametrize("own", [(100, 120), (37, 91), (64, 96), (301, 77)])
def test_boxes_are_placed_as_images_are_fitted(resize: str, own: tuple[int, int]) -> None:
    placement = find_placement(tf.constant(own), Geometry(*SIZE, resize))[tf.newaxis]  # type: ignore[arg-type]
    found = place_in_images(pad([*BOX, 1, 0.5], [0, 0, 96, 64, 0, 0.3]), tf.zeros([1, *own, 3]), SIZE, resize).numpy()
    expected = restore_boxes(tf.constant([[BOX, [0, 0, 96, 64]]], tf.float32), placement, SIZE).numpy()
    assert found[:, :2, :4] == pytest.approx(expected, abs=1e-3)
    assert found[0, :2, 4:].tolist() == [[1, 0.5], [0, np.float32(0.3)]] and (found[0, 2:] == -1).all()


def test_as_many_images_as_boxes_are_placed_each_by_itself() -> None:
    found, images = keras.Input((4, 6)), keras.Input((None, None, 3))
    model = keras.Model([found, images], place_in_images(found, images, SIZE, "pad"))
    for batch in (1, 4):
        rows = tf.repeat(pad([*BOX, 1, 0.5], *[[0, 0, 96, 64, 0, 0.3]] * 3), batch, axis=0)
        placed = np.asarray(model([rows, tf.zeros([batch, 100, 120, 3])]))
        expected = place_in_images(rows[:1], tf.zeros([1, 100, 120, 3]), SIZE, "pad").numpy()[0]
        assert placed == pytest.approx(np.stack([expected] * batch))


def test_a_box_of_some_models_has_their_share_of_the_score() -> None:
    moved = [value + 2 for value in BOX]
    models = [pad([*BOX, 1, 0.9]), pad([*moved, 1, 0.6], [70, 10, 90, 30, 0, 0.3]), pad([*BOX, 0, 0.5])]
    found = merge_detections(models, 3).numpy()[0]
    assert found[0] == pytest.approx([*BOX, 1, (0.9 + 0.6) / 3])
    # Another class in the same place is another object.
    assert found[1] == pytest.approx([*BOX, 0, 0.5 / 3])
    assert found[2] == pytest.approx([70, 10, 90, 30, 0, 0.1])


def test_nothing_merged_is_nothing() -> None:
    assert (merge_detections([pad(), pad()], 5).numpy() == -1).all()
