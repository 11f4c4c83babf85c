"""Keras' own format: one `.keras` file that opens with `keras.models.load_model`, without this package."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np

from kerastune_ft.graph.memory import keras_memory
from kerastune_ft.quiet_imports import without_remarks_of_sentence_piece, without_warnings_of_keras
from kerastune_ft.saved_model.base import Serving

NAME = "model.keras"
# Two compiled programs of the same model may differ in the last digits of float32.
TOLERANCE = 1e-4


def write(serving: Serving, folder: Path) -> list[str]:
    """Write the model into a folder and return the names of its files."""
    with without_warnings_of_keras(), keras_memory.weights_by_files():
        serving.model().save(folder / NAME)
    return [NAME]


def open(serving: Serving, folder: Path) -> Callable[[Sequence[Any]], np.ndarray]:
    """Return a function that opens the file and calls the model on `Serving.samples`."""

    def call(samples: Sequence[Any]) -> np.ndarray:
        # Weights that the file has as they were trained are not in memory twice.
        known = serving.trained.variables
        with without_warnings_of_keras(), without_remarks_of_sentence_piece():
            with keras_memory.weights_by_files(known), keras_memory.late_values():
                opened = keras.models.load_model(folder / NAME)
            return serving.call(opened, samples)

    return call
