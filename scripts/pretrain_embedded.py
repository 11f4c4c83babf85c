"""Pretrain the embedded backbone, MobileNetV2 of width 0.35, on computed images alone, and write its weights.

    python scripts/pretrain_embedded.py --output mobilenet_v2_035_embedded.safetensors

Trains a classifier of 290 formulas (scripts/formula_images), drops the classifier, measures the BatchNorm statistics
afresh and writes what is left as safetensors, keyed by variable path. Takes about 20 minutes on 2 idle CPU cores. The
seed fixes images, initial weights, order and augmentation; sums over threads may still differ in the last bits
between machines, so the weights that ship are told by their SHA-256, not by running this again.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import logging
import os
import time
from pathlib import Path

import formula_images
import keras
import numpy as np
import safetensors.numpy
import tensorflow as tf

SIZE = 64
SEED = 20_200
BATCH = 64
PEAK_RATE = 3e-3
WEIGHT_DECAY = 0.02
WARMUP_SHARE = 0.04
CLIP_NORM = 5.0
LARGEST_SHIFT = 6  # pixels
# With keras.applications' 0.999 the statistics would lag behind the weights for thousands of steps.
BATCH_NORM_MOMENTUM = 0.99
STATISTICS_BATCHES = 48

log = logging.getLogger("pretrain_embedded")


def main() -> None:
    """Generate the images, train, check on images held back, write the weights."""
    options = _parse()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    keras.utils.set_random_seed(SEED)
    images, labels = formula_images.generate(SEED, options.images_per_class, SIZE)
    held_back = np.arange(len(images)) % options.images_per_class < max(1, options.images_per_class // 20)
    log.info("%d images of %d classes", len(images), formula_images.CLASSES)

    backbone = keras.applications.MobileNetV2(input_shape=(SIZE, SIZE, 3), alpha=0.35, weights=None, include_top=False)
    for layer in _batch_norms(backbone):
        layer.momentum = BATCH_NORM_MOMENTUM
    pooled = keras.layers.GlobalAveragePooling2D()(backbone.output)
    classifier = keras.Model(backbone.input, keras.layers.Dense(formula_images.CLASSES)(pooled))
    train(classifier, images[~held_back], labels[~held_back], options.epochs)
    measure_statistics(backbone, images[~held_back])
    accuracy = accuracy_on(classifier, images[held_back], labels[held_back])
    log.info("accuracy on held-back images %.3f", accuracy)
    write(backbone, options.output, images, {"epochs": str(options.epochs), "held_back_accuracy": f"{accuracy:.3f}"})


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, required=True, help="the .safetensors file to write")
    parser.add_argument("--epochs", type=int, default=24)
    parser.add_argument("--images-per-class", type=int, default=80)
    return parser.parse_args()


def _batch_norms(model: keras.Model) -> list[keras.layers.BatchNormalization]:
    return [layer for layer in model.layers if isinstance(layer, keras.layers.BatchNormalization)]


def train(classifier: keras.Model, images: np.ndarray, labels: np.ndarray, epochs: int) -> None:
    """Train `classifier` for `epochs` passes over augmented images, under a cosine rate with warm-up."""
    steps_per_epoch = len(images) // BATCH
    steps = epochs * steps_per_epoch
    warmup = round(WARMUP_SHARE * steps)
    rate = keras.optimizers.schedules.CosineDecay(
        PEAK_RATE / 100, steps - warmup, alpha=0.001, warmup_target=PEAK_RATE, warmup_steps=warmup
    )
    optimizer = keras.optimizers.AdamW(rate, weight_decay=WEIGHT_DECAY, global_clipnorm=CLIP_NORM)
    optimizer.exclude_from_weight_decay(var_names=["gamma", "beta", "bias"])
    optimizer.build(classifier.trainable_variables)
    loss_of = keras.losses.SparseCategoricalCrossentropy(from_logits=True)

    @tf.function
    def step(batch: tf.Tensor, truth: tf.Tensor, number: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            loss = loss_of(truth, classifier(augment(batch, number), training=True))
        gradients = tape.gradient(loss, classifier.trainable_variables)
        optimizer.apply_gradients(zip(gradients, classifier.trainable_variables, strict=True))
        return loss

    for epoch in range(epochs):
        began, losses = time.monotonic(), []
        order = np.random.default_rng([SEED, epoch]).permutation(len(images))
        for place in range(steps_per_epoch):
            rows = order[place * BATCH : (place + 1) * BATCH]
            number = tf.constant(epoch * steps_per_epoch + place, tf.int32)
            losses.append(float(step(tf.constant(images[rows]), tf.constant(labels[rows]), number)))
        log.info("epoch %d of %d: loss %.3f, %.0f s", epoch + 1, epochs, np.mean(losses), time.monotonic() - began)


def augment(images: tf.Tensor, step: tf.Tensor) -> tf.Tensor:
    """Return uint8 images as floats in [-1, 1], shifted, their channels mixed and half of them inverted."""
    count = len(images)
    shift, mixing, offset, invert = (tf.stack([SEED + draw, step]) for draw in range(4))
    roll = tf.random.stateless_uniform([2], shift, -LARGEST_SHIFT, LARGEST_SHIFT + 1, tf.int32)
    padded = tf.pad(images, [[0, 0], [LARGEST_SHIFT] * 2, [LARGEST_SHIFT] * 2, [0, 0]], "REFLECT")
    top, left = tf.unstack(roll + LARGEST_SHIFT)
    pixels = tf.cast(padded[:, top : top + SIZE, left : left + SIZE], tf.float32) / 127.5 - 1
    matrices = tf.eye(3) + tf.random.stateless_normal([count, 3, 3], mixing, stddev=0.15)
    signs = tf.where(tf.random.stateless_uniform([count, 1, 1, 1], invert) < 0.5, -1.0, 1.0)
    offsets = tf.random.stateless_normal([count, 1, 1, 1], offset, stddev=0.1)
    mixed = tf.reshape(tf.reshape(pixels, [count, -1, 3]) @ matrices, tf.shape(pixels))
    return tf.clip_by_value(mixed * signs + offsets, -1.0, 1.0)


def measure_statistics(backbone: keras.Model, images: np.ndarray) -> None:
    """Set the BatchNorm statistics to plain averages over many batches, taken with the final weights."""
    rows = np.random.default_rng([SEED, 1]).permutation(len(images))[: STATISTICS_BATCHES * 4 * BATCH]
    for done, part in enumerate(np.array_split(rows, STATISTICS_BATCHES)):
        for layer in _batch_norms(backbone):
            layer.momentum = done / (done + 1)
        backbone(augment(tf.constant(images[part]), tf.constant(done)), training=True)


def accuracy_on(classifier: keras.Model, images: np.ndarray, labels: np.ndarray) -> float:
    """Return the share of images, not augmented, whose formula is classified correctly."""
    scores = classifier.predict(images.astype(np.float32) / 127.5 - 1, batch_size=4 * BATCH, verbose=0)
    return float((scores.argmax(axis=1) == labels).mean())


def write(backbone: keras.Model, output: Path, images: np.ndarray, figures: dict[str, str]) -> None:
    """Write the variables of `backbone` keyed by path, with what is needed to know where they come from."""
    weights = {variable.path: np.asarray(variable) for variable in backbone.variables}
    metadata = {
        "model": "keras.applications.MobileNetV2(alpha=0.35, include_top=False)",
        "input_range": "[-1, 1]",
        "provenance": "pretrained on computed images only (scripts/pretrain_embedded.py); no real image was used",
        "license": "Apache-2.0",
        "seed": str(SEED),
        "versions": json.dumps({"keras": keras.__version__, "tensorflow": tf.__version__, "numpy": np.__version__}),
        "recipe_sha256": _recipe_hash(),
        "images_sha256": hashlib.sha256(images.tobytes()).hexdigest(),
        **figures,
    }
    partial = output.with_suffix(".partial")
    safetensors.numpy.save_file(weights, partial, metadata)
    partial.chmod(0o644)  # safetensors leaves it to its owner alone
    os.replace(partial, output)
    log.info("%s: %d variables, %d bytes", output, len(weights), output.stat().st_size)


def _recipe_hash() -> str:
    """Return the SHA-256 of the sources that make the images."""
    sources = sorted(Path(formula_images.__file__).parent.glob("*.py"))
    return hashlib.sha256(b"".join(source.read_bytes() for source in sources)).hexdigest()


if __name__ == "__main__":
    main()
