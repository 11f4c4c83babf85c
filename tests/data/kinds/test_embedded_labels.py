from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from kerastune_ft.config.options.data import TfdsData
from kerastune_ft.config.options.tasks import ImageClassification, ImageSegmentation, ObjectDetection
from kerastune_ft.data.embedded import shapes
from kerastune_ft.data.kinds.embedded_labels import read_labels
from kerastune_ft.data.labels.raw import SingleLabels
from kerastune_ft.data.open import open_source
from kerastune_ft.data.source import DataSource
from kerastune_ft.errors import ConfigError, DataError


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first pictures alone, of which the sixth has no objects."""
    monkeypatch.setattr(shapes, "EXAMPLES", 8)
    monkeypatch.setattr(shapes, "SPLITS", {"train": range(6), "validation": range(6, 7), "test": range(7, 8)})


def opened(folder: Path, task: Any, **options: Any) -> DataSource:
    return open_source(TfdsData(name="shapes", **options), task, folder, lambda text: None)


def test_masks_are_those_of_the_drawing(tmp_path: Path) -> None:
    source = opened(tmp_path, ImageSegmentation(kind="image_segmentation"))
    assert source.info.classes == shapes.PIXEL_CLASSES
    for index in (0, 5, 7):
        element = source.element(tf.constant(index, tf.int64))
        assert np.array_equal(element["mask"], shapes.mask(index))
    pixels = source.labels
    assert pixels[5].tolist() == [128 * 128, 0, 0, 0, 0]
    assert pixels.sum() == 8 * 128 * 128
    assert [len(source.splits[split]) for split in ("train", "validation", "test")] == [6, 1, 1]


def test_names_of_masks_can_be_given(tmp_path: Path) -> None:
    named = {"0": "nothing", "1": "shape", "2": "shape", "3": "shape", "4": "shape"}
    source = opened(tmp_path, ImageSegmentation(kind="image_segmentation", classes=named))
    assert source.info.classes == ("nothing", "shape")
    assert np.array_equal(source.element(tf.constant(1, tf.int64))["mask"], shapes.mask(1) > 0)


def test_boxes_are_those_of_the_drawing(tmp_path: Path) -> None:
    source = opened(tmp_path, ObjectDetection(kind="object_detection"))
    assert source.info.classes == shapes.CLASSES
    for index in (1, 5):
        boxes = source.element(tf.constant(index, tf.int64))["boxes"].numpy()
        assert np.array_equal(boxes[:, :5], shapes.boxes(index))
        assert boxes[:, 5].tolist() == [0] * len(boxes)
        seen = [int((shapes.instances(index) == row).sum()) for row in range(1, len(boxes) + 1)]
        assert boxes[:, 6].tolist() == seen
    assert source.labels.sum() == sum(len(shapes.boxes(index)) for index in range(8))


def test_a_set_without_such_labels_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="shapes has masks and boxes, and image_classification needs a label for"):
        opened(tmp_path, ImageClassification(kind="image_classification"))
    with pytest.raises(ConfigError, match="digits has a label for each example, and object_detection needs boxes"):
        open_source(TfdsData(name="digits"), ObjectDetection(kind="object_detection"), tmp_path, lambda text: None)


def test_masks_of_prepared_builders_are_not_read(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="masks are read from files and from the embedded shapes, not from the builder"):
        open_source(
            TfdsData(name="oxford_iiit_pet"), ImageSegmentation(kind="image_segmentation"), tmp_path, lambda text: None
        )


def test_other_sets_have_classes_or_numbers() -> None:
    one = SimpleNamespace(EXAMPLES=2, CLASSES=("cat", "dog"), label=lambda index: index)
    number = SimpleNamespace(EXAMPLES=2, CLASSES=("count",), label=lambda index: index + 0.5)
    task = ImageClassification(kind="image_classification")
    assert read_labels(one, "pets", task, "one") == (SingleLabels(["cat", "dog"]), ["cat", "dog"])
    assert read_labels(number, "counts", task, "values")[1] == ["0.5", "1.5"]
