"""Unknown answers in the saved forms of a run: the fitted distance, and a model that gives it."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np

from kerastune_ft.errors import PromiseError
from kerastune_ft.metrics.nearest_example import NearestExample
from kerastune_ft.quiet_imports import without_warnings_of_keras
from kerastune_ft.rundir import RunDirectory
from kerastune_ft.saved_model.base import Serving
from kerastune_ft.saved_model.head_features import find_head_features

FIT, MODEL_FILE = "model/unknown.npz", "model/unknown.keras"
COLUMNS = ("distance", "unknown")
"""The columns of predictions: the distance to the nearest training example, and whether it is above the threshold."""
_DISTANCE, _THRESHOLD = COLUMNS[0], "threshold"
# float32 against float64, on features that two compiled programs computed.
_TOLERANCE = 1e-2


@dataclass(frozen=True)
class UnknownAnswers:
    """A fitted distance with the threshold above which an example is called unknown."""

    distance: NearestExample
    threshold: float
    let_through: float
    """The share of the validation examples that are not beyond the threshold."""

    def columns(self, distances: np.ndarray) -> dict[str, np.ndarray]:
        """Return the cells of `COLUMNS` for examples at these distances."""
        # As Python's own bool, which JSON can hold.
        return dict(zip(COLUMNS, (distances, (distances > self.threshold).astype(object)), strict=True))

    def to_bytes(self) -> bytes:
        """Return the content of the file `FIT`: the examples at two bytes a feature, threshold and share."""
        file, distance = io.BytesIO(), self.distance
        np.savez(
            file,
            examples=distance.examples.astype(np.float16),
            threshold=self.threshold,
            let_through=self.let_through,
        )
        return file.getvalue()

    def describe(self) -> dict[str, Any]:
        """Return what preprocessing.json says."""
        return {
            "file": Path(MODEL_FILE).name,
            "takes": "what model.keras takes",
            "gives": "a dict: probabilities as of model.keras, and distance [batch] to the nearest training example",
            "threshold": self.threshold,
            "unknown": "where the distance is above the threshold",
            "let_through": self.let_through,
        }


def read_unknown(run: RunDirectory) -> UnknownAnswers | None:
    """Return the fitted distance of a run; None for a run without `task.unknown`."""
    if not run.exists(FIT):
        return None
    with np.load(io.BytesIO(run.read_bytes(FIT)), allow_pickle=False) as file:
        return UnknownAnswers(NearestExample.of(file["examples"]), float(file["threshold"]), float(file["let_through"]))


def write_model(
    serving: Serving, unknown: UnknownAnswers, samples: Sequence[Any], expected: np.ndarray, names: Sequence[str]
) -> bytes:
    """Return the content of the file `MODEL_FILE`, after comparing its distances with what was measured.

    `expected` are the distances of `samples`, whose names are for messages. Raises PromiseError where one differs.
    """
    with tempfile.TemporaryDirectory() as made, without_warnings_of_keras():
        path = Path(made) / "unknown.keras"
        serving.model(lambda trained, inputs: _add_distance(serving, unknown, trained, inputs)).save(path)
        opened = keras.models.load_model(path)
        found = serving.call(keras.Model(opened.input, opened.output[_DISTANCE]), samples)
        for name, far, wanted in zip(names, found.ravel(), expected, strict=True):
            if not abs(far - wanted) <= _TOLERANCE * (1.0 + wanted):
                raise PromiseError(
                    f"{MODEL_FILE} gives another distance than was measured ({far:.6g} and {wanted:.6g} on {name}); it "
                    "was not written"
                )
        return path.read_bytes()


def _add_distance(serving: Serving, unknown: UnknownAnswers, trained: keras.Model, inputs: Any) -> Mapping[str, Any]:
    """Return probabilities and distances, by stock layers, from the symbolic inputs of a trained model."""
    both = keras.Model(trained.input, [trained.output, find_head_features(trained)], name=trained.name)
    outputs, features = both(inputs, training=False)
    return {"probabilities": serving.task.finish(outputs), _DISTANCE: _measure(unknown.distance, features)}


def _measure(distance: NearestExample, features: Any) -> Any:
    """Return the symbolic distances [batch] of symbolic features, computed as `NearestExample.measure` does."""
    compare = keras.layers.Dense(
        len(distance.examples), use_bias=False, name="unknown_examples", dtype="float32", trainable=False
    )
    likeness = compare(keras.layers.UnitNormalization(name="unknown_length", dtype="float32")(features))
    compare.set_weights([distance.examples.T])
    return keras.ops.sqrt(keras.ops.maximum(2.0 - 2.0 * keras.ops.max(likeness, axis=-1), 0.0))
