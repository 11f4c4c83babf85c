"""The saved model of images: what is put around the model that was trained, and how it is called."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from kerastune_ft.input.decode import pixels
from kerastune_ft.saved_model import base
from kerastune_ft.training.session.session import Session

_RESIZE = "resize"


def serving_model(session: Session) -> keras.Model:
    """Return the model that is saved: decoded images [batch, height, width, 3] of any size, 0 to 255, to probabilities.

    Built of stock layers outside the strategy, so that it opens with Keras alone; the resize is the pipeline's.
    """
    height, width = session.backbone.input.image_size
    images = keras.Input((None, None, 3), name="image", dtype="float32")
    resize = session.config.data.resize
    fitted = keras.layers.Resizing(
        height,
        width,
        interpolation="bilinear",
        crop_to_aspect_ratio=resize == "crop",
        pad_to_aspect_ratio=resize == "pad",
        antialias=True,
        name=_RESIZE,
    )(images)
    # The pipeline stores resized images as whole numbers. A call that leaves `training` open would run the layers after
    # Keras' Resizing in training mode, dropout included, since it is that layer's default; so it is not left open.
    outputs = session.task.finish(base.trained(session)(keras.ops.round(fitted), training=False))
    return keras.Model(images, outputs, name=session.model.name)


def preprocessing(session: Session) -> dict[str, Any]:
    """Return what preprocessing.json says of the way from an image to the model's outputs."""
    height, width = session.backbone.input.image_size
    return {
        "input": "decoded RGB image, 0 to 255, any size",
        "resize": {
            "height": height,
            "width": width,
            "how": session.config.data.resize,
            "interpolation": "bilinear, antialiased",
        },
        "inside_the_model": ["resize", session.backbone.preprocessing],
        "output": f"{session.task.finished} in the order of labels.json",
    }


def files(session: Session) -> dict[str, bytes]:
    """Return the files that belong beside the model, by name: none."""
    return {}


def outputs(session: Session, model: keras.Model, indices: Sequence[int]) -> np.ndarray:
    """Return what a serving model gives for examples, from their decoded images."""
    return _outputs_of(model, [pixels(session.source.element(index)["image"]) for index in indices])


def _outputs_of(model: keras.Model, images: list[tf.Tensor]) -> np.ndarray:
    """Return what a serving model gives for decoded images, each fitted by itself: the resize is compared as well.

    What follows takes them at once, since a call of many layers takes long whatever it is of; the first image goes all
    the way by itself.
    """
    singles = [tf.cast(image, tf.float32)[tf.newaxis] for image in images]
    resize = model.get_layer(_RESIZE)
    behind = keras.Model(resize.output, model.output)
    fitted = tf.concat([resize(single) for single in singles[1:]], 0) if singles[1:] else None
    parts = [model(singles[0]), *([] if fitted is None else [behind(fitted)])]
    return np.concatenate([np.asarray(part) for part in parts])
