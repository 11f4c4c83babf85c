"""Comparing epochs of a head on stored features: many steps to a compiled call, or one step to a call."""

from __future__ import annotations

import contextlib
import statistics
import tempfile
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
_CLASSES, _SIDE = 10, 8


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
        seconds: dict[str, list[float]] = {ONE: [], MANY: []}
        weights: dict[str, set[bytes]] = {ONE: set(), MANY: set()}
        for number in range(rounds):
            for name, steps_to_a_call in ((ONE, _one_step), (MANY, contextlib.nullcontext)):
                with steps_to_a_call():
                    run = training.run(document, run_dir=folder / f"{name}-{number}")
                seconds[name] += [float(row["seconds"]) for row in run.history.to_dict("records")[1:]]
                weights[name].add((Path(run.path) / "phases/00-head/best.safetensors").read_bytes())
        steps = int(run.history["step"].iloc[0])
    found = {
        name: {"epoch": statistics.median(values), "step": statistics.median(values) / steps}
        for name, values in seconds.items()
    }
    return {**found, "ratio": found[ONE]["epoch"] / found[MANY]["epoch"], "equal": weights[ONE] == weights[MANY]}


def sheet(found: dict[str, Any], caption: str) -> Sheet:
    """Return the table of what `measure` found."""
    rows = [
        (name, tables.seconds(found[name]["epoch"]), f"{1000 * found[name]['step']:.2f}", tables.times(ratio))
        for name, ratio in ((ONE, found["ratio"]), (MANY, 1.0))
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
