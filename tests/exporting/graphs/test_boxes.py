from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from kerastune_ft.exporting.graphs.boxes import BoxGraphs, restore_boxes
from kerastune_ft.input.decode import Geometry, find_window
from tests.support.tiny_servings import encode, make_box_serving, photo


def restore(rows: np.ndarray, height: int, width: int, geometry: Geometry) -> np.ndarray:
    """Return the rows in pixels of an image, box by box."""
    window = find_window(tf.constant(height), tf.constant(width), geometry)
    top, left, shown_rows, shown_columns = (int(each) for each in window)
    found = rows.astype(np.float64)
    for row in found:
        if row[5] >= 0:
            x = left + row[[0, 2]] * shown_columns / geometry.width
            y = top + row[[1, 3]] * shown_rows / geometry.height
            row[[0, 2]], row[[1, 3]] = x.clip(0, width), y.clip(0, height)
    return found


@pytest.mark.parametrize("how", ["crop", "pad", "stretch"])
def test_boxes_of_images_of_several_sizes_are_restored_in_a_graph(how: str) -> None:
    """As many images as boxes, which some graphs of TensorFlow confuse."""
    geometry, sizes = Geometry(48, 64, how), np.array([(480, 640), (100, 300), (300, 100)], np.int32)
    random = np.random.default_rng(0)
    corners = np.sort(random.uniform(0, 48, (3, 3, 2, 2)), axis=2).reshape(3, 3, 4)
    rows = np.concatenate([corners, random.integers(0, 3, (3, 3, 1)), random.uniform(0.1, 1, (3, 3, 1))], -1)
    rows[1, 2:] = -1
    call = tf.function(lambda given, high, wide: restore_boxes(given, high, wide, geometry))
    found = call(tf.constant(rows, tf.float32), sizes[:, 0], sizes[:, 1]).numpy()
    for own, picture, (height, width) in zip(found, rows, sizes, strict=True):
        assert np.allclose(own, restore(picture, int(height), int(width), geometry), atol=1e-3)


def test_one_size_is_that_of_all_images() -> None:
    geometry = Geometry(10, 10, "stretch")
    rows = np.float32([[[1, 2, 3, 4, 0, 0.5]], [[-1] * 6]])
    found = restore_boxes(tf.constant(rows), tf.constant(100), tf.constant(20), geometry).numpy()
    assert found.tolist() == [[[2, 20, 6, 40, 0, 0.5]], [[-1] * 6]]


# That boxes are restored from windows that are cropped is above.
@pytest.mark.parametrize("how", ["pad", pytest.param("crop", marks=pytest.mark.slow)])
def test_all_endpoints_find_the_same_boxes_in_pixels_of_what_they_get(how: str) -> None:
    serving = make_box_serving(how)
    graphs = BoxGraphs(serving)
    pictures = [photo(64, 80), photo(64, 80, 1)]
    wanted = np.asarray(serving.model()(np.stack(pictures).astype(np.float32)))
    assert wanted.shape == (2, 20, 6)
    found = wanted[wanted[..., 5] >= 0]
    assert len(found) > 10
    assert 48 < found[:, 2].max() <= 80
    files, any_size, fitted = (endpoint.trace() for endpoint in graphs.raw())
    assert np.abs(any_size(tf.constant(np.stack(pictures)))["detections"] - wanted).max() < 1e-3
    contents = [encode(Image.fromarray(each)) for each in (*pictures, photo(20, 10))]
    answer = files(tf.constant(contents))
    assert np.abs(answer["detections"][:2] - wanted).max() < 1e-3
    assert answer["detections"][2].numpy()[:, 2].max() <= 10
    names = np.array(["", *serving.task.scheme.names])[wanted[..., 4].astype(int) + 1]
    assert [[each.decode() for each in row] for row in answer["labels"][:2].numpy()] == names.tolist()
    own = photo(32, 48)[np.newaxis].astype(np.float32)
    expected = np.asarray(serving.model()(own))
    assert np.abs(fitted(tf.constant(own))["detections"] - expected).max() < 1e-3
    # Resizing by products of matrices rounds some pixels otherwise, but where there is nothing to resize.
    portable = graphs.portable()[0].trace()
    assert np.abs(portable(tf.constant(own.astype(np.uint8)))["detections"] - expected).max() < 1e-3


def test_answers_are_made_by_the_thresholds_of_the_run() -> None:
    serving = make_box_serving()
    serving.task.set_thresholds({"cat": 0.25, "dog": 0.75})
    answers = BoxGraphs(serving).answers()
    assert answers["outputs"] == ["detections"]
    assert answers["thresholds"] == [0.25, 0.75]
