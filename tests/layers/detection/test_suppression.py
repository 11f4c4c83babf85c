from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

from kerastune_ft.layers.detection.suppression import LEAST_SCORE, find_detections, find_kept

CLASSES, SIZE = 3, (120, 160)


def draw_outputs(batch: int, places: int, seed: int = 0) -> np.ndarray:
    """Return raw outputs with many boxes around a few objects, some reaching beyond the image."""
    random = np.random.default_rng(seed)
    outputs = np.zeros((batch, places, CLASSES + 7), np.float32)
    objects = random.uniform(0, 120, (batch, 8, 2))
    own = objects[np.arange(batch)[:, np.newaxis], random.integers(0, 8, (batch, places))]
    centres = own + random.normal(0, 4, own.shape)
    sides = 30 * np.exp(random.normal(0, 0.15, own.shape))
    outputs[..., :CLASSES] = random.normal(-2, 2, (batch, places, CLASSES))
    outputs[..., CLASSES : CLASSES + 4] = np.concatenate([centres - sides / 2, centres + sides / 2], -1)
    return outputs


def suppress_by_tensorflow(outputs: np.ndarray, limit: int) -> np.ndarray:
    """Return the same detections by TensorFlow's own greedy suppression, class by class."""
    scores = 1 / (1 + np.exp(-outputs[:, :CLASSES].astype(np.float64)))
    corners = np.clip(outputs[:, CLASSES : CLASSES + 4], 0, [SIZE[1], SIZE[0], SIZE[1], SIZE[0]]).astype(np.float32)
    rows = []
    for number in range(CLASSES):
        own = scores[:, number].astype(np.float32)
        kept = tf.image.non_max_suppression(corners, own, len(own), 0.6, LEAST_SCORE).numpy()
        rows += [[*corners[place], number, own[place]] for place in kept]
    found = np.full((limit, 6), -1, np.float32)
    best = sorted(rows, key=lambda row: -row[-1])[:limit]
    found[: len(best)] = best
    return found


@pytest.mark.parametrize(("places", "limit"), [(80, 100), (100, 20), (20, 100)])
def test_detections_are_those_of_greedy_suppression(places: int, limit: int) -> None:
    outputs = draw_outputs(4, places)
    found = find_detections(tf.constant(outputs), CLASSES, SIZE, limit).numpy()
    assert found.shape == (4, limit, 6)
    for own, wanted in zip(found, map(suppress_by_tensorflow, outputs, [limit] * 4), strict=True):
        assert np.abs(own - wanted).max() < 1e-5
    assert (found[..., 4] >= 0).sum() > 50


@pytest.mark.parametrize("batch", [1, 2, 20])
def test_the_batch_changes_nothing(batch: int) -> None:
    """Alone, with others, and where there are as many images as boxes: sizes that operations of Keras confuse."""
    outputs = draw_outputs(batch, 20)
    found = find_detections(tf.constant(outputs), CLASSES, SIZE, 20).numpy()
    for own, picture in zip(found, outputs, strict=True):
        assert np.abs(own - suppress_by_tensorflow(picture, 20)).max() < 1e-5


def test_nothing_is_found_where_all_scores_are_low() -> None:
    outputs = draw_outputs(1, 50)
    outputs[..., :CLASSES] = -6
    assert (find_detections(tf.constant(outputs), CLASSES, SIZE, 10).numpy() == -1).all()


@pytest.mark.parametrize(("links", "are_settled"), [(19, True), (20, True), (30, False)])
def test_chains_of_boxes_are_settled_up_to_twenty(links: int, are_settled: bool) -> None:
    """Each box overlaps the next alone, so that every second one is kept."""
    left = np.arange(links + 1, dtype=np.float32) * 2.4
    boxes = np.stack([left, np.zeros_like(left), left + 10, np.full_like(left, 10)], -1)[np.newaxis]
    found = find_kept(tf.constant(boxes), tf.zeros([1, links + 1])).numpy()[0]
    wanted = (np.arange(links + 1) % 2 == 0).astype(np.float32)
    assert np.array_equal(found, wanted) is are_settled
    # What is not settled is no answer.
    assert (found <= wanted).all() and np.array_equal(found[:20], wanted[:20])


def test_classes_suppress_none_of_each_other() -> None:
    boxes = tf.constant([[[0.0, 0, 10, 10]] * 3])
    assert find_kept(boxes, tf.constant([[0.0, 1, 0]])).numpy().tolist() == [[1, 1, 0]]


@pytest.mark.parametrize("batch", [1, 3, 40])
def test_a_saved_model_finds_the_same(batch: int) -> None:
    """Also of one image alone, and of as many as there are boxes: Keras adds tensors of some shapes as biases."""
    inputs = keras.Input((30, CLASSES + 7))
    model = keras.Model(inputs, find_detections(inputs, CLASSES, SIZE, 40))
    outputs = draw_outputs(batch, 30)
    again = keras.Model.from_config(model.get_config())
    expected = find_detections(tf.constant(outputs), CLASSES, SIZE, 40).numpy()
    assert np.array_equal(np.asarray(again(outputs)), expected)
