"""Train the tail of a model alone, on arrays in memory of what its frozen part gives; needs nothing but Keras.

The rival of a partial phase on stored features: nothing can be cheaper than what is unfrozen. Features are computed
before the clock starts. Prints the seconds of every epoch, validation included, and the test accuracy as JSON.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
from by_hand import EpochSeconds

Arrays = tuple[np.ndarray, np.ndarray]


def features(prefix: keras.Model, folder: Path, options: argparse.Namespace) -> Arrays:
    """Return what the frozen part gives for every image of a split, with the labels."""
    size = (options.image_size, options.image_size)
    data = keras.utils.image_dataset_from_directory(
        folder, batch_size=options.batch_size, shuffle=False, image_size=size, crop_to_aspect_ratio=True, verbose=False
    )
    values, labels = zip(*((prefix.predict_on_batch(images), label.numpy()) for images, label in data), strict=True)
    return np.concatenate(values), np.concatenate(labels)


def cut(options: argparse.Namespace, classes: int) -> tuple[keras.Model, keras.Model]:
    """Return the frozen part of the model, from pixels to the cut, and its tail from there to the classes."""
    shape = (options.image_size, options.image_size, 3)
    base = keras.applications.MobileNet(
        alpha=options.alpha, include_top=False, weights=options.weights, input_shape=shape
    )
    for layer in base.layers:
        layer.trainable = layer.name in options.train
    inputs = keras.Input(shape)
    at = base.get_layer(options.cut).output
    prefix = keras.Model(base.input, at)
    x = keras.layers.GlobalAveragePooling2D()(base.output)
    x = keras.layers.Dropout(options.dropout)(x)
    tail = keras.Model(at, keras.layers.Dense(classes)(x))
    return keras.Model(inputs, prefix(keras.layers.Rescaling(1 / 127.5, offset=-1.0)(inputs))), tail


def by_fit(tail: keras.Model, train: Arrays, validation: Arrays, options: argparse.Namespace) -> list[float]:
    """Train by Model.fit and return the seconds of every epoch."""
    tail.compile(_adam(options), _loss(), metrics=["accuracy"])
    seconds = EpochSeconds()
    settings = {"batch_size": options.batch_size, "epochs": options.top_epochs, "verbose": 0}
    tail.fit(*train, validation_data=validation, callbacks=[seconds], **settings)
    return seconds.seconds


def by_loop(tail: keras.Model, train: Arrays, validation: Arrays, options: argparse.Namespace) -> list[float]:
    """Train by a compiled step of one's own, with nothing around it, and return the seconds of every epoch."""
    optimizer, loss = _adam(options), _loss()
    optimizer.build(tail.trainable_variables)
    inputs, labels = (tf.constant(array) for array in train)
    draw = np.random.default_rng(options.seed)

    @tf.function(input_signature=[tf.TensorSpec([None], tf.int64)])
    def step(rows: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            outputs = tail(tf.gather(inputs, rows), training=True)
            value = loss(tf.gather(labels, rows), outputs)
        optimizer.apply(tape.gradient(value, tail.trainable_variables), tail.trainable_variables)
        return value

    shape = [None, *validation[0].shape[1:]]

    @tf.function(input_signature=[tf.TensorSpec(shape, tf.float32)])
    def forward(values: tf.Tensor) -> tf.Tensor:
        return tail(values, training=False)

    def epoch() -> None:
        order = draw.permutation(len(labels))
        for first in range(0, len(order), options.batch_size):
            step(tf.constant(order[first : first + options.batch_size]))
        outputs = [
            forward(validation[0][first : first + options.batch_size])
            for first in range(0, len(validation[1]), options.batch_size)
        ]
        np.mean(np.argmax(np.concatenate(outputs), axis=1) == validation[1])

    seconds = []
    for _ in range(options.top_epochs):
        began = time.perf_counter()
        epoch()
        seconds.append(time.perf_counter() - began)
    return seconds


def _adam(options: argparse.Namespace) -> keras.optimizers.Optimizer:
    return keras.optimizers.Adam(options.top_rate)


def _loss() -> keras.losses.Loss:
    return keras.losses.SparseCategoricalCrossentropy(from_logits=True)


def main() -> None:
    """Compute the features, train the tail on them and print the seconds of its epochs."""
    options = arguments()
    keras.utils.set_random_seed(options.seed)
    classes = sum(1 for folder in (options.data / "train").iterdir() if folder.is_dir())
    prefix, tail = cut(options, classes)
    train, validation, test = (
        features(prefix, options.data / split, options) for split in ("train", "validation", "test")
    )
    seconds = {"fit": by_fit, "loop": by_loop}[options.how](tail, train, validation, options)
    trained = sum(math.prod(variable.shape) for variable in tail.trainable_variables)
    accuracy = float(np.mean(np.argmax(tail.predict(test[0], verbose=0), axis=1) == test[1]))
    print(json.dumps({"epochs": seconds, "test_accuracy": accuracy, "trained_parameters": trained}))


def arguments() -> argparse.Namespace:
    """Return the options of the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="a folder with train, validation and test")
    parser.add_argument("--weights", required=True, help="weights of MobileNet without its top")
    parser.add_argument("--alpha", type=float, required=True)
    parser.add_argument("--image-size", type=int, required=True)
    parser.add_argument("--batch-size", type=int, required=True)
    parser.add_argument("--dropout", type=float, required=True)
    parser.add_argument("--top-epochs", type=int, required=True)
    parser.add_argument("--top-rate", type=float, required=True)
    parser.add_argument("--cut", required=True, metavar="LAYER", help="the last layer of the frozen part")
    parser.add_argument("--how", choices=("fit", "loop"), required=True)
    parser.add_argument("--train", nargs="+", required=True, metavar="LAYER", help="what trains besides the head")
    parser.add_argument("--seed", type=int, required=True)
    return parser.parse_args()


if __name__ == "__main__":
    main()
