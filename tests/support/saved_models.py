"""Small models as users save them, and their files."""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np

layers = keras.layers


def randomise(model: keras.Model) -> keras.Model:
    """Give every weight a value that a forgotten copy would not have."""
    generator = np.random.default_rng(0)
    model.set_weights(
        [generator.uniform(0.2, 0.6, weight.shape).astype(weight.dtype) for weight in model.get_weights()]
    )
    return model


def classic() -> keras.Model:
    """Augmentation, preprocessing, a nested base in inference mode and a classifier, as the Keras guides write it."""
    base = keras.Sequential(
        [
            keras.Input((16, 16, 3)),
            layers.Conv2D(4, 3, strides=2, name="stem"),
            layers.BatchNormalization(name="stem_bn"),
            layers.ReLU(name="stem_relu"),
            layers.Conv2D(6, 3, name="body"),
        ],
        name="base",
    )
    augmentation = keras.Sequential(
        [layers.RandomFlip("horizontal", name="flips"), layers.RandomZoom(0.1, name="zooms")]
    )
    images = keras.Input((16, 16, 3))
    x = augmentation(images) / 127.5 - 1.0
    x = layers.GlobalAveragePooling2D()(base(x, training=False))
    return randomise(keras.Model(images, layers.Dense(3, name="classifier")(layers.Dropout(0.2)(x))))


def write_model(model: keras.Model, path: Path) -> str:
    """Save a model and return its path as a configuration has it."""
    model.save(path)
    return str(path)
