"""Small models of images that were never trained, with their tasks, for the tests of exports."""

from __future__ import annotations

import io
from pathlib import Path

import keras
import numpy as np
from PIL import Image

from kerastune_ft.config.options.heads import Head
from kerastune_ft.config.options.tasks import ImageClassification, ImageRegression, ObjectDetection
from kerastune_ft.data.images.reading import ImageReading
from kerastune_ft.data.labels.scheme import LabelScheme
from kerastune_ft.input.decode import Geometry
from kerastune_ft.saved_model.base import ServingSettings
from kerastune_ft.saved_model.images import ImageServing
from kerastune_ft.tasks.base import Task
from kerastune_ft.tasks.classification import Classification
from kerastune_ft.tasks.detection import Detection
from kerastune_ft.tasks.multi_label import MultiLabelClassification
from kerastune_ft.tasks.regression import Regression

HEIGHT, WIDTH = 6, 8


def classes_task() -> Task:
    return Classification(ImageClassification(), Head(), LabelScheme("one", ("cat", "dog", "owl")), 0)


def labels_task() -> Task:
    options = ImageClassification(multi_label=True, thresholds={"cat": 0.4, "dog": 0.45, "owl": 0.6})
    return MultiLabelClassification(options, Head(), LabelScheme("several", ("cat", "dog", "owl")), 0)


def values_task() -> Task:
    return Regression(
        ImageRegression(kind="image_regression"), Head(), LabelScheme("values", ("age",), (40.0,), (3.0,)), 0
    )


def make_serving(task: Task, how: str = "crop", reading: ImageReading | None = None) -> ImageServing:
    """Return a model of pictures of 6 x 8 pixels whose answers depend on them."""
    keras.utils.set_random_seed(0)
    images = keras.Input((HEIGHT, WIDTH, 3))
    features = keras.layers.Conv2D(4, 3, name="body")(keras.layers.Rescaling(1 / 255)(images))
    outputs = keras.layers.Dense(len(task.scheme.names), name="logits")(keras.layers.Flatten()(features))
    model = keras.Model(images, outputs, name="small")
    return ImageServing(model, task, ServingSettings("small", "nothing"), Geometry(HEIGHT, WIDTH, how), reading)


def make_box_serving(how: str = "pad", reading: ImageReading | None = None) -> ImageServing:
    """Return a model of pictures of 32 x 48 pixels that finds objects of two classes all over them."""
    keras.utils.clear_session()
    scheme, geometry = LabelScheme("boxes", ("cat", "dog"), most=8, smallest=0.5), Geometry(32, 48, how)
    task = Detection(ObjectDetection(kind="object_detection", max_detections=20), Head(width=8), scheme, 0, (32, 48))
    images = keras.Input((32, 48, 3))
    scaled = keras.layers.Rescaling(1 / 64, offset=-2.0)(images)
    initial = keras.initializers.GlorotUniform(0)
    maps = {"stride8": keras.layers.Conv2D(8, 8, 8, name="body", kernel_initializer=initial)(scaled)}
    maps["stride16"] = keras.layers.AveragePooling2D(2)(maps["stride8"])
    model = keras.Model(images, task.head(maps), name="small")
    # As if trained: of untrained heads no score reaches the least that is answered.
    output = model.get_layer("head_classes_output")
    output.set_weights([30.0 * output.kernel.numpy(), np.float32([-0.5, 0.0])])
    return ImageServing(model, task, ServingSettings("small", "nothing"), geometry, reading)


def photo(height: int, width: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3)).astype(np.uint8)


def encode(image: Image.Image, form: str = "PNG", **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, form, **options)
    return buffer.getvalue()


def write_files(folder: Path, preprocessing: str, labels: str) -> None:
    (folder / "preprocessing.json").write_text(preprocessing)
    (folder / "labels.json").write_text(labels)
