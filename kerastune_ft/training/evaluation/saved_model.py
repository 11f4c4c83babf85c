"""Saving the final model, compared with what was measured before it is kept."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from typing import Any

import keras
import numpy as np

from kerastune_ft.errors import PromiseError
from kerastune_ft.quiet_imports import without_warnings_of_keras
from kerastune_ft.rundir import RunDirectory
from kerastune_ft.saved_model import images, sounds, texts
from kerastune_ft.training.phase.evaluate import Evaluated
from kerastune_ft.training.session.session import Session

MODEL = "model/model.keras"


_SAMPLES_COMPARED = 8


# Two compiled programs of the same model may differ in the last digits of float32.
_TOLERANCE = 1e-4


_SERVING: Mapping[str, Any] = {"audio": sounds, "image": images, "text": texts}


def save_model(session: Session, run: RunDirectory, measured: Evaluated) -> None:
    """Write model.keras with labels and preprocessing beside it, after comparing it with what was measured.

    Raises PromiseError when the file, opened again, predicts otherwise from decoded images or tokens as they are.
    """
    run.commit_json("model/labels.json", list(session.task.scheme.names))
    serving = _SERVING[session.task.modality]
    run.commit_json("model/preprocessing.json", serving.preprocessing(session))
    for name, content in serving.files(session).items():
        run.commit(name, content)
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "model.keras")
        serving.serving_model(session).save(path)
        with without_warnings_of_keras():
            _compare(session, keras.models.load_model(path), measured)
        with open(path, "rb") as file:
            run.commit(MODEL, file.read())


def _compare(session: Session, model: keras.Model, measured: Evaluated) -> None:
    samples = measured.indices[:_SAMPLES_COMPARED]
    predictions = session.task.predictions(None, measured.outputs[: len(samples)])
    numbers = [column for name, column in predictions.items() if name.startswith(("probability_", "value"))]
    # Of values the tolerance is a share of their deviation.
    scale = np.asarray(session.task.scheme.deviation or 1.0)
    given = _SERVING[session.task.modality].outputs(session, model, samples)
    differences = (np.abs(given - np.stack(numbers, axis=1)) / scale).max(axis=1)
    for index, difference in zip(samples, differences, strict=True):
        if not difference <= _TOLERANCE:
            raise PromiseError(
                f"{MODEL} predicts otherwise than what was measured (difference {difference:.2g} on "
                f"{session.source.keys[index]}); it was not written"
            )
