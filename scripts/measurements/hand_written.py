"""Two-phase transfer learning as the Keras guide teaches it, written by hand and with care; needs nothing but Keras.

The rival of scripts/benchmark.py: head first on a frozen base, then some of its last layers at a lower rate, evaluated
on the validation split after every epoch and on the test split at the end. Prints what each part took as JSON.
"""

from __future__ import annotations

import time

BEGAN = time.time()
CLOCK = time.perf_counter()

import argparse  # noqa: E402  the clock starts before the first import
from pathlib import Path  # noqa: E402

import by_hand  # noqa: E402
import keras  # noqa: E402
import tensorflow as tf  # noqa: E402

PARTS = by_hand.Parts(CLOCK)
PARTS.end("import")


def images(folder: Path, options: argparse.Namespace, *, shuffle: bool, cached: bool) -> tf.data.Dataset:
    """Return the batches of a split, decoded in parallel and ahead of training, or once and kept."""
    size = (options.image_size, options.image_size)
    settings = {"image_size": size, "crop_to_aspect_ratio": True, "verbose": False}
    if not cached:
        return keras.utils.image_dataset_from_directory(
            folder, batch_size=options.batch_size, shuffle=shuffle, seed=options.seed, **settings
        )
    # As bytes the decoded images take a quarter of the memory; shuffled after the cache, every epoch has its own order.
    decoded = keras.utils.image_dataset_from_directory(folder, batch_size=None, shuffle=False, **settings)
    decoded = decoded.map(
        lambda image, label: (tf.cast(tf.round(image), tf.uint8), label), num_parallel_calls=tf.data.AUTOTUNE
    ).cache()
    if shuffle:
        decoded = decoded.shuffle(len(decoded), seed=options.seed)
    return decoded.batch(options.batch_size).prefetch(tf.data.AUTOTUNE)


def build(options: argparse.Namespace, classes: int) -> tuple[keras.Model, keras.Model]:
    """Return the model, which takes pixels 0 to 255, and its pretrained base."""
    base = keras.applications.MobileNet(
        alpha=options.alpha,
        include_top=False,
        weights=options.weights,
        input_shape=(options.image_size, options.image_size, 3),
    )
    base.trainable = False
    inputs = keras.Input((options.image_size, options.image_size, 3))
    x = keras.layers.Rescaling(1 / 127.5, offset=-1.0)(inputs)
    x = base(x, training=False)
    x = keras.layers.GlobalAveragePooling2D()(x)
    x = keras.layers.Dropout(options.dropout)(x)
    return keras.Model(inputs, keras.layers.Dense(classes)(x)), base


def train(
    model: keras.Model, rate: float, data: list[tf.data.Dataset], epochs: int, patience: int | None
) -> list[float]:
    """Train what is trainable and return the seconds of every epoch."""
    model.compile(
        keras.optimizers.Adam(rate),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    seconds = by_hand.EpochSeconds()
    stop = [] if patience is None else [keras.callbacks.EarlyStopping(patience=patience, restore_best_weights=True)]
    model.fit(data[0], validation_data=data[1], epochs=epochs, callbacks=[seconds, *stop], verbose=0)
    return seconds.seconds


def main() -> None:
    """Train, evaluate and save, and print the seconds of the parts and the test accuracy."""
    options = arguments()
    keras.utils.set_random_seed(options.seed)
    data = [
        images(options.data / split, options, shuffle=split == "train", cached=options.cached)
        for split in ("train", "validation")
    ]
    # It is read once, so there is nothing to gain from a cache.
    test = images(options.data / "test", options, shuffle=False, cached=False)
    PARTS.end("data")
    model, base = build(options, sum(1 for folder in (options.data / "train").iterdir() if folder.is_dir()))
    PARTS.end("build")
    head_epochs = train(model, options.head_rate, data, options.head_epochs, options.patience[0])
    PARTS.end("head")
    top_epochs: list[float] = []
    if options.top_epochs:
        # Normalisation stays as it is: its layers are not among those that train.
        base.trainable = True
        for layer in base.layers:
            layer.trainable = layer.name in options.train
        top_epochs = train(model, options.top_rate, data, options.top_epochs, options.patience[1])
        PARTS.end("top")
    _, accuracy = model.evaluate(test, verbose=0)
    PARTS.end("evaluate")
    model.save(options.output)
    PARTS.end("save")
    by_hand.print_report(model, BEGAN, PARTS, (head_epochs, top_epochs), accuracy)


def arguments() -> argparse.Namespace:
    """Return the options of the command line."""
    parser = by_hand.schedule_parser(__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="a folder with train, validation and test")
    parser.add_argument("--weights", required=True, help="weights of MobileNet without its top")
    parser.add_argument("--alpha", type=float, required=True)
    parser.add_argument("--image-size", type=int, required=True)
    parser.add_argument("--cached", action="store_true", help="decode every image once and keep it in memory")
    return parser.parse_args()


if __name__ == "__main__":
    main()
