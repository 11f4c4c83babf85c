"""Two-phase transfer learning on texts as the guides of Keras and keras-hub teach it, written by hand and with care.

The rival of scripts/benchmark.py on texts: tokens are made once and cached, the head trains on a frozen backbone, then
some of its last layers at a lower rate; each phase ends when the validation loss stops falling, with its best weights.
Needs nothing but Keras and keras-hub. Prints what each part took as JSON.
"""

from __future__ import annotations

import time

BEGAN = time.time()
CLOCK = time.perf_counter()

import argparse  # noqa: E402  the clock starts before the first import
import csv  # noqa: E402
from pathlib import Path  # noqa: E402

import by_hand  # noqa: E402
import keras  # noqa: E402
import keras_hub  # noqa: E402
import tensorflow as tf  # noqa: E402

PARTS = by_hand.Parts(CLOCK)
PARTS.end("import")


def read_table(path: Path) -> tuple[list[str], list[str]]:
    """Return the texts and labels of a table."""
    with path.open(newline="", encoding="utf-8") as file:
        rows = [(row["text"], row["label"]) for row in csv.DictReader(file)]
    return [text for text, _ in rows], [label for _, label in rows]


def tokens(
    path: Path, classes: list[str], preprocessor: keras.layers.Layer, options: argparse.Namespace, *, shuffle: bool
) -> tf.data.Dataset:
    """Return the batches of a split, its texts made into tokens in the first epoch and kept."""
    texts, labels = read_table(path)
    numbers = [classes.index(label) for label in labels]
    data = tf.data.Dataset.from_tensor_slices((texts, numbers)).batch(options.batch_size)
    # Shuffled after the cache and by the example, so that every epoch has its own batches.
    data = data.map(preprocessor, num_parallel_calls=tf.data.AUTOTUNE).unbatch()
    data = data.apply(tf.data.experimental.assert_cardinality(len(texts))).cache()
    if shuffle:
        data = data.shuffle(len(texts), seed=options.seed)
    return data.batch(options.batch_size).prefetch(tf.data.AUTOTUNE)


def choose_length(texts: list[str], tokenizer: keras.layers.Layer, most: int) -> int:
    """Return the tokens, with start and end, that 99 % of the texts do not exceed; at most `most`."""
    lengths = sorted(len(ids) + 2 for ids in tokenizer(texts))
    return min(most, lengths[int(0.99 * (len(lengths) - 1))])


def build(options: argparse.Namespace, classes: int) -> tuple[keras.Model, keras.Model]:
    """Return the model, which takes tokens, and its pretrained backbone."""
    backbone = keras_hub.models.Backbone.from_preset(str(options.preset))
    backbone.trainable = False
    x = backbone.output["sequence_output"]
    x = keras.layers.GlobalAveragePooling1D()(x, mask=backbone.input["padding_mask"])
    x = keras.layers.Dropout(options.dropout)(x)
    return keras.Model(backbone.input, keras.layers.Dense(classes)(x)), backbone


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
    preprocessor = keras_hub.models.TextClassifierPreprocessor.from_preset(str(options.preset))
    texts, labels = read_table(options.data / "train.csv")
    preprocessor.sequence_length = choose_length(texts, preprocessor.tokenizer, options.most_tokens)
    classes = sorted(set(labels))
    data = [
        tokens(options.data / f"{split}.csv", classes, preprocessor, options, shuffle=split == "train")
        for split in ("train", "validation", "test")
    ]
    PARTS.end("data")
    model, backbone = build(options, len(classes))
    PARTS.end("build")
    head_epochs = train(model, options.head_rate, data, options.head_epochs, options.patience[0])
    PARTS.end("head")
    top_epochs: list[float] = []
    if options.top_epochs:
        backbone.trainable = True
        for layer in backbone.layers:
            layer.trainable = layer.name in options.train
        top_epochs = train(model, options.top_rate, data, options.top_epochs, options.patience[1])
        PARTS.end("top")
    _, accuracy = model.evaluate(data[2], verbose=0)
    PARTS.end("evaluate")
    model.save(options.output)
    PARTS.end("save")
    by_hand.print_report(model, BEGAN, PARTS, (head_epochs, top_epochs), accuracy)


def arguments() -> argparse.Namespace:
    """Return the options of the command line."""
    parser = by_hand.schedule_parser(__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="a folder with train.csv, validation.csv and test.csv")
    parser.add_argument("--preset", type=Path, required=True, help="the directory of a preset of keras-hub")
    parser.add_argument("--most-tokens", type=int, required=True, help="that are read of a text")
    return parser.parse_args()


if __name__ == "__main__":
    main()
