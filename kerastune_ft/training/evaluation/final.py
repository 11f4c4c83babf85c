"""What a trained model is worth and what is left of it: metrics, predictions, worst mistakes, the saved model."""

from __future__ import annotations

import functools
import io
import os
import tempfile
from collections.abc import Mapping
from typing import Any

import keras
import numpy as np

from kerastune_ft.data.texts import TextSource
from kerastune_ft.errors import PromiseError
from kerastune_ft.input.decode import Geometry
from kerastune_ft.quiet_imports import without_warnings_of_keras
from kerastune_ft.rundir import RunDirectory
from kerastune_ft.saved_model import images, sounds, texts
from kerastune_ft.tasks.images import ImageInputs
from kerastune_ft.training.features.feed import Feed
from kerastune_ft.training.features.prefix import Prefix
from kerastune_ft.training.phase.evaluate import Evaluated, evaluate_split
from kerastune_ft.training.phase.step import PhaseStep
from kerastune_ft.training.plan.build import EvaluationPlan, freeze_all_but
from kerastune_ft.training.session.assemble import Session
from kerastune_ft.training.watch import Watch

MODEL = "model/model.keras"
THRESHOLDS = "model/thresholds.json"
MISTAKES_SHOWN = 24
_THUMBNAIL = 128
_TEXT_SHOWN = 600
_SAMPLES_COMPARED = 8
# Two compiled programs of the same model may differ in the last digits of float32.
_TOLERANCE = 1e-4
_SERVING: Mapping[str, Any] = {"audio": sounds, "image": images, "text": texts}


def evaluate_splits(
    session: Session,
    plan: EvaluationPlan,
    splits: tuple[str, ...],
    watch: Watch,
    feed: Feed | None = None,
    step: PhaseStep | None = None,
) -> dict[str, Evaluated]:
    """Return targets and raw outputs of these splits, computed as validation computed them in the last phase.

    `feed` and `step` are those of the last phase, where it was trained here: its stores are read, and what is compiled
    already is called.
    """
    freeze_all_but(session, plan.selection, plan.trained)
    step = step or PhaseStep(session.devices, plan.partition.tail, session.task, (), address="")
    feed = feed or Feed(session.devices, session.loader, Prefix(session.devices, plan.stages, plan.chunk))
    evaluated = {}
    for split in splits:
        progress = functools.partial(watch.work, f"evaluating {split}")
        indices = session.source.splits[split]
        evaluated[split] = evaluate_split(step, session.devices, feed, indices, plan.batch_size, progress)
    return evaluated


def metrics_of(session: Session, evaluated: Mapping[str, Evaluated]) -> dict[str, dict[str, float]]:
    """Return the metrics of every split."""
    return {split: session.task.evaluate(each.targets, each.outputs) for split, each in evaluated.items()}


def prediction_rows(session: Session, evaluated: Mapping[str, Evaluated]) -> list[dict[str, Any]]:
    """Return the rows of predictions.csv: split, input, and the task's columns."""
    rows = []
    for split, each in evaluated.items():
        columns = session.task.predictions(each.targets, each.outputs)
        for position, index in enumerate(each.indices):
            row = {"split": split, "input": session.source.keys[index]}
            rows.append(row | {name: values[position] for name, values in columns.items()})
    return rows


def write_evaluation(session: Session, run: RunDirectory, evaluated: Mapping[str, Evaluated]) -> dict[str, Any]:
    """Write predictions.csv, the worst mistakes and metrics.json; return the metrics.

    With `output.examples: false` the inputs' names and pictures, which may tell who a patient is, are left out.
    """
    if "validation" in evaluated:
        found = evaluated["validation"]
        if thresholds := session.task.choose_thresholds(found.targets, found.outputs):
            run.commit_json(THRESHOLDS, thresholds)
    rows = prediction_rows(session, evaluated)
    shown = session.config.output.examples
    if not shown:
        rows = [{**row, "input": number} for number, row in enumerate(rows)]
    run.commit_csv("evaluation/predictions.csv", list(rows[0]), rows)
    if shown:
        _write_mistakes(session, run, rows)
    else:
        _remove_pictures(run, 0)
        run.remove("evaluation/mistakes.json")
    metrics = metrics_of(session, evaluated)
    if constant := _of_constant(session, evaluated):
        run.commit_json("evaluation/constant.json", constant)
    run.commit_json("metrics.json", metrics)
    return metrics


def _of_constant(session: Session, evaluated: Mapping[str, Evaluated]) -> dict[str, dict[str, float]]:
    """Return the metrics of the best predictor that never looks at its input: what a model must be better than."""
    source = session.source
    outputs = session.task.constant(source.labels[source.splits["train"]])
    if outputs is None:
        return {}
    return {
        split: session.task.evaluate(each.targets, np.tile(outputs, (len(each.targets), 1)))
        for split, each in evaluated.items()
    }


def _write_mistakes(session: Session, run: RunDirectory, rows: list[dict[str, Any]]) -> None:
    numbers = {key: index for index, key in enumerate(session.source.keys)}
    # Of values none is exactly right: the worst are shown.
    wrong = [
        row for row in rows if row["split"] == "test" and ("prediction" not in row or row["label"] != row["prediction"])
    ]
    worst = sorted(wrong, key=lambda row: -row["loss"])[:MISTAKES_SHOWN]
    entries = []
    for number, row in enumerate(worst):
        hidden = ("split", "loss")
        about = {key: row[key] for key in row if key not in hidden and not key.startswith("probability_")}
        index = numbers[row["input"]]
        if isinstance(session.source, TextSource):
            entries.append({"texts": [text[:_TEXT_SHOWN] for text in session.source.texts[index]], **about})
        elif session.clip is not None:
            entries.append(about)
        else:
            name = f"{number:02d}.png"
            run.commit(f"evaluation/mistakes/{name}", _thumbnail(session, index))
            entries.append({"file": name, **about})
    _remove_pictures(run, len(worst))
    run.commit_json("evaluation/mistakes.json", entries)


def _thumbnail(session: Session, index: int) -> bytes:
    from PIL import Image

    assert isinstance(session.task, ImageInputs)
    pixels = session.task.inputs(session.source.element(index), Geometry(_THUMBNAIL, _THUMBNAIL, "pad"))
    picture = io.BytesIO()
    Image.fromarray(np.asarray(pixels)).save(picture, "PNG")
    return picture.getvalue()


def _remove_pictures(run: RunDirectory, first: int) -> None:
    """Delete the pictures from this number on that an earlier evaluation of the run left."""
    for name in run.listing("evaluation/mistakes")[first:]:
        run.remove(f"evaluation/mistakes/{name}")


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
