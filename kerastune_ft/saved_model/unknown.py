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
from kerastune_ft.saved_model.base import Answer, Serving
from kerastune_ft.saved_model.head_features import ALONE, find_head_features

FIT, MODEL_FILE = "model/unknown.npz", "model/unknown.keras"
COLUMNS = ("distance", "unknown")
"""The columns of predictions: the distance to the nearest training example, and whether it is above the threshold."""
_DISTANCE, _THRESHOLD = COLUMNS[0], "threshold"
# float32 against float64, on features that two compiled programs computed.
_TOLERANCE = 1e-2


@dataclass(frozen=True)
class UnknownAnswers:
    """A fitted distance with the threshold above which an example is called unknown."""

    nearest: Mapping[str, NearestExample]
    """What measures distances: of the members of an ensemble by their places, else one under an empty place."""
    threshold: float
    let_through: float
    """The share of the validation examples that are not beyond the threshold."""

    @classmethod
    def of(cls, nearest: NearestExample, threshold: float, let_through: float) -> UnknownAnswers:
        """Return the answers of a model that is no ensemble."""
        return cls({ALONE[0]: nearest}, threshold, let_through)

    @property
    def places(self) -> tuple[str, ...]:
        """Return the places of the members, as `find_head_features` takes them."""
        return tuple(self.nearest)

    @property
    def size(self) -> int:
        """Return how many training examples are kept."""
        return sum(len(each.examples) for each in self.nearest.values())

    def measure(self, features: np.ndarray) -> np.ndarray:
        """Return the distance of each row of `find_head_features`: of an ensemble the mean over its members."""
        parts = np.split(features, len(self.nearest), axis=1)
        return np.mean([each.measure(own) for each, own in zip(self.nearest.values(), parts, strict=True)], axis=0)

    def columns(self, distances: np.ndarray) -> dict[str, np.ndarray]:
        """Return the cells of `COLUMNS` for examples at these distances."""
        # As Python's own bool, which JSON can hold.
        return dict(zip(COLUMNS, (distances, (distances > self.threshold).astype(object)), strict=True))

    def to_bytes(self) -> bytes:
        """Return the content of the file `FIT`: the examples at two bytes a feature, threshold and share.

        Of an ensemble the examples of its members stand one behind the other, with places and numbers of these beside.
        """
        file, members = io.BytesIO(), self.nearest.values()
        arrays: dict[str, Any] = {
            "examples": np.concatenate([each.examples for each in members]).astype(np.float16),
            "threshold": self.threshold,
            "let_through": self.let_through,
        }
        if self.places != ALONE:
            arrays |= {"places": np.array(self.places), "counts": np.array([len(each.examples) for each in members])}
        np.savez(file, **arrays)
        return file.getvalue()

    def describe(self) -> dict[str, Any]:
        """Return what preprocessing.json says."""
        return {
            "file": Path(MODEL_FILE).name,
            "takes": "what model.keras takes",
            "gives": "a dict: probabilities as of model.keras, and distance [batch] to the nearest training example"
            f"{'' if self.places == ALONE else ', the mean over the members'}",
            "threshold": self.threshold,
            "unknown": "where the distance is above the threshold",
            "let_through": self.let_through,
        }


def read_unknown(run: RunDirectory) -> UnknownAnswers | None:
    """Return the fitted distance of a run; None for a run without `task.unknown`."""
    if not run.exists(FIT):
        return None
    with np.load(io.BytesIO(run.read_bytes(FIT)), allow_pickle=False) as file:
        places = tuple(map(str, file["places"])) if "places" in file else ALONE
        counts = file["counts"] if "counts" in file else [len(file["examples"])]
        parts = np.split(file["examples"], np.cumsum(counts)[:-1])
        nearest = {place: NearestExample.of(part) for place, part in zip(places, parts, strict=True)}
        return UnknownAnswers(nearest, float(file["threshold"]), float(file["let_through"]))


def write_model(
    serving: Serving, unknown: UnknownAnswers, samples: Sequence[Any], expected: np.ndarray, names: Sequence[str]
) -> bytes:
    """Return the content of the file `MODEL_FILE`, after comparing its distances with what was measured.

    `expected` are the distances of `samples`, whose names are for messages. Raises PromiseError where one differs.
    """
    with tempfile.TemporaryDirectory() as made, without_warnings_of_keras():
        path = Path(made) / "unknown.keras"
        serving.model(add_distance(serving, unknown)).save(path)
        opened = keras.models.load_model(path)
        found = serving.call(keras.Model(opened.input, opened.output[_DISTANCE]), samples)
        for name, far, wanted in zip(names, found.ravel(), expected, strict=True):
            if not abs(far - wanted) <= _TOLERANCE * (1.0 + wanted):
                raise PromiseError(
                    f"{MODEL_FILE} gives another distance than was measured ({far:.6g} and {wanted:.6g} on {name}); it "
                    "was not written"
                )
        return path.read_bytes()


def add_distance(serving: Serving, unknown: UnknownAnswers) -> Answer:
    """Return what makes probabilities and distances, by stock layers, of a trained model and its symbolic inputs."""

    def answer(trained: keras.Model, inputs: Any) -> Mapping[str, Any]:
        features = [find_head_features(trained, (place,)) for place in unknown.places]
        both = keras.Model(trained.input, [trained.output, *features], name=trained.name)
        outputs, *features = both(inputs, training=False)
        found = [_measure(own, *each) for own, each in zip(features, unknown.nearest.items(), strict=True)]
        distance = found[0] if len(found) == 1 else keras.ops.mean(keras.ops.stack(found), axis=0)
        return {"probabilities": serving.task.finish(outputs), _DISTANCE: distance}

    return answer


def _measure(features: Any, place: str, nearest: NearestExample) -> Any:
    """Return the symbolic distances [batch] of symbolic features, computed as `NearestExample.measure` does."""
    own = f"{place}_" if place else ""
    compare = keras.layers.Dense(
        len(nearest.examples), use_bias=False, name=f"{own}unknown_examples", dtype="float32", trainable=False
    )
    likeness = compare(keras.layers.UnitNormalization(name=f"{own}unknown_length", dtype="float32")(features))
    compare.set_weights([nearest.examples.T])
    return keras.ops.sqrt(keras.ops.maximum(2.0 - 2.0 * keras.ops.max(likeness, axis=-1), 0.0))
