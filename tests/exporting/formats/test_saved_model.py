from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from kerastune_ft.exporting.formats import saved_model
from kerastune_ft.exporting.formats.base import ExportOptions
from kerastune_ft.exporting.graphs.images import ImageGraphs
from tests.support.tiny_servings import encode, labels_task, make_serving, photo


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("saved")
    described = saved_model.write(ImageGraphs(make_serving(labels_task())), folder, ExportOptions())
    assert [each["name"] for each in described] == ["files", "any_size", "fitted"]
    return folder


def test_it_takes_files_and_images_and_names_labels(saved: Path) -> None:
    serving, opened = make_serving(labels_task()), tf.saved_model.load(str(saved / "1"))
    images = [photo(19, 25), photo(7, 9, 1)]
    wanted = serving.call(serving.model(), images)
    files = opened.signatures["serving_default"]
    found = files(image_bytes=tf.constant([encode(Image.fromarray(image)) for image in images]))
    assert np.abs(found["probabilities"].numpy() - wanted).max() < 1e-6
    names = np.array([b"cat", b"dog", b"owl"])
    assert found["classes"].numpy().tolist() == [names.tolist()] * 2
    least = [0.4, 0.45, 0.6]
    assert found["label"].numpy().tolist() == [b"|".join(names[row >= least]) for row in wanted]
    one = opened.signatures["any_size"](image=tf.constant(images[0][np.newaxis]))["probabilities"]
    assert np.abs(one.numpy() - wanted[:1]).max() < 1e-6
    with pytest.raises(tf.errors.InvalidArgumentError, match="more than 8 bits"):
        files(image_bytes=tf.constant([encode(Image.fromarray(np.zeros((4, 4), np.uint16)))]))


def test_every_weight_is_there_once(saved: Path) -> None:
    serving = make_serving(labels_task())
    stored = tf.train.load_checkpoint(str(saved / "1/variables/variables"))
    shapes = [shape for name, shape in stored.get_variable_to_shape_map().items() if "CHECKPOINTABLE" not in name]
    assert sorted(map(tuple, shapes)) == sorted(tuple(each.shape) for each in serving.trained.variables)
