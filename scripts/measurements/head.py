"""Comparing epochs of a head on stored features: many steps to a compiled call, one step to a call, or Keras' own.

Keras' is `Model.fit` of the same head on the same arrays in memory, with `steps_per_execution`.
"""

from __future__ import annotations

import contextlib
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np

from kerastune_ft.api import training
from kerastune_ft.training.features import memory_rows
from kerastune_ft.training.updates import step
from measurements import tables
from measurements.tables import Sheet

ONE, MANY = "one step to a call", "many steps to a call"
BY_KERAS = "Model.fit, 200 steps to a call"
_CLASSES, _SIDE = 10, 8
_SHARE_OF_TRAINING, _SHARE_OF_VALIDATION = 0.7, 0.15


def measure(examples: int, width: int, batch_size: int, epochs: int, rounds: int) -> dict[str, Any]:
    """Return the seconds of an epoch and of a step each way, and whether both gave the same bits.

    Features are the `width` outputs of one frozen layer: an epoch reads them, however they were computed. Each way
    trains `rounds` runs, in turn; the first epoch of a run, in which steps are compiled, is left out.
    """
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        document = _write_inputs(folder, examples, width)
        document["phases"] = [
            {"name": "head", "unfreeze": "none", "epochs": epochs + 1, "batch_size": batch_size, "learning_rate": 0.001}
        ]
        seconds: dict[str, list[float]] = {ONE: [], MANY: [], BY_KERAS: []}
        weights: dict[str, set[bytes]] = {ONE: set(), MANY: set()}
        for number in range(rounds):
            for name, steps_to_a_call in ((ONE, _one_step), (MANY, contextlib.nullcontext)):
                with steps_to_a_call():
                    run = training.run(document, run_dir=folder / f"{name}-{number}")
                seconds[name] += [float(row["seconds"]) for row in run.history.to_dict("records")[1:]]
                weights[name].add((Path(run.path) / "phases/00-head/best.safetensors").read_bytes())
            seconds[BY_KERAS] += _fit(examples, width, batch_size, epochs)
        steps = int(run.history["step"].iloc[0])
    found = {
        name: {"epoch": statistics.median(values), "step": statistics.median(values) / steps}
        for name, values in seconds.items()
    }
    ratios = {name: each["epoch"] / found[MANY]["epoch"] for name, each in found.items()}
    return {**found, "ratio": ratios[ONE], "ratios": ratios, "equal": weights[ONE] == weights[MANY]}


def _fit(examples: int, width: int, batch_size: int, epochs: int) -> list[float]:
    """Return the seconds of epochs of `Model.fit` on features in memory, its validation included, without the first."""
    random = np.random.default_rng(0)
    features = random.normal(size=(examples, width)).astype(np.float32)
    labels = (np.arange(examples) % _CLASSES).astype(np.int32)
    first = int(examples * _SHARE_OF_TRAINING)
    last = first + int(examples * _SHARE_OF_VALIDATION)
    model = keras.Sequential([keras.Input((width,)), keras.layers.Dropout(0.2), keras.layers.Dense(_CLASSES)])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.AdamW(0.001), loss, metrics=["accuracy"], steps_per_execution=200)
    clock = _Clock()
    model.fit(
        features[:first],
        labels[:first],
        batch_size=batch_size,
        epochs=epochs + 1,
        validation_data=(features[first:last], labels[first:last]),
        callbacks=[clock],
        verbose=0,
    )
    return clock.seconds[1:]


class _Clock(keras.callbacks.Callback):
    """Takes the time of epochs, from the beginning of each to the beginning of the next."""

    def __init__(self) -> None:
        super().__init__()
        self.seconds: list[float] = []

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Begin to count."""
        self._began = time.monotonic()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Take an epoch in, validation included."""
        self.seconds.append(time.monotonic() - self._began)


def sheet(found: dict[str, Any], caption: str) -> Sheet:
    """Return the table of what `measure` found."""
    rows = [
        (name, tables.seconds(found[name]["epoch"]), f"{1000 * found[name]['step']:.2f}", tables.times(ratio))
        for name, ratio in found["ratios"].items()
    ]
    bits = "the weights are the same to the last bit" if found["equal"] else "THE WEIGHTS DIFFER"
    return Sheet(("", "epoch, s", "step, ms", "times"), rows, f"{caption}; {bits}")


def _write_inputs(folder: Path, examples: int, width: int) -> dict[str, Any]:
    """Write examples and a backbone of one layer; return a configuration of both without phases."""
    random = np.random.default_rng(0)
    labels = np.arange(examples) % _CLASSES
    images = random.integers(0, 200, (examples, _SIDE, _SIDE, 3)).astype(np.uint8)
    images.reshape(examples, -1)[np.arange(examples), labels] += 50
    np.savez(folder / "data.npz", x=images, y=labels)
    pixels = keras.Input((_SIDE, _SIDE, 3))
    features = keras.layers.Dense(width, activation="relu")(keras.layers.Flatten()(pixels))
    keras.Model(pixels, features).save(folder / "backbone.keras")
    return {
        "name": "head",
        "task": {"kind": "image_classification"},
        "head": {"dropout": 0.2},
        "defaults": {"optimizer": "adamw"},
        "data": {"kind": "arrays", "path": str(folder / "data.npz")},
        "backbone": {"kind": "saved", "path": str(folder / "backbone.keras"), "input": "-1-1"},
        "runtime": {"cache_directory": str(folder / "cache"), "cache": "required"},
        "output": {"examples": False},
    }


@contextlib.contextmanager
def _one_step() -> Iterator[None]:
    """Within this context every step is a call of its own, and features are read from their files."""
    before = step.LARGEST_FLOPS, memory_rows._MOST_BYTES
    step.LARGEST_FLOPS, memory_rows._MOST_BYTES = 0, 0
    try:
        yield
    finally:
        step.LARGEST_FLOPS, memory_rows._MOST_BYTES = before
