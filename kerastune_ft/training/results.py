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
import tensorflow as tf

from kerastune_ft.errors import PromiseError
from kerastune_ft.graph.flat import copy_values
from kerastune_ft.input.decode import Geometry, pixels
from kerastune_ft.rundir import RunDirectory
from kerastune_ft.training.assemble import Session
from kerastune_ft.training.evaluate import Evaluated, evaluate_split
from kerastune_ft.training.feed import Feed
from kerastune_ft.training.plan import EvaluationPlan, freeze_all_but
from kerastune_ft.training.prefix import Prefix
from kerastune_ft.training.step import PhaseStep
from kerastune_ft.training.watch import Watch

MODEL = "model/model.keras"
THRESHOLDS = "model/thresholds.json"
MISTAKES_SHOWN = 24
_THUMBNAIL = 128
_SAMPLES_COMPARED = 8
_RESIZE = "resize"
# Two compiled programs of the same model may differ in the last digits of float32.
_TOLERANCE = 1e-4


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
    from PIL import Image

    numbers = {key: index for index, key in enumerate(session.source.keys)}
    # Of values none is exactly right: the worst are shown.
    wrong = [
        row for row in rows if row["split"] == "test" and ("prediction" not in row or row["label"] != row["prediction"])
    ]
    worst = sorted(wrong, key=lambda row: -row["loss"])[:MISTAKES_SHOWN]
    geometry = Geometry(_THUMBNAIL, _THUMBNAIL, "pad")
    entries = []
    for number, row in enumerate(worst):
        pixels = session.task.inputs(session.source.element(numbers[row["input"]]), geometry)
        picture = io.BytesIO()
        Image.fromarray(np.asarray(pixels)).save(picture, "PNG")
        name = f"{number:02d}.png"
        run.commit(f"evaluation/mistakes/{name}", picture.getvalue())
        hidden = ("split", "loss")
        about = {key: row[key] for key in row if key not in hidden and not key.startswith("probability_")}
        entries.append({"file": name, **about})
    _remove_pictures(run, len(worst))
    run.commit_json("evaluation/mistakes.json", entries)


def _remove_pictures(run: RunDirectory, first: int) -> None:
    """Delete the pictures from this number on that an earlier evaluation of the run left."""
    for name in run.listing("evaluation/mistakes")[first:]:
        run.remove(f"evaluation/mistakes/{name}")


def serving_model(session: Session) -> keras.Model:
    """Return the model that is saved: decoded images [batch, height, width, 3] of any size, 0 to 255, to probabilities.

    Built of stock layers outside the strategy, so that it opens with Keras alone; the resize is the pipeline's.
    """
    height, width = session.backbone.image_size
    rebuilt = keras.models.clone_model(session.model)
    # It bears the run's name, which may be that of one of the layers around it.
    rebuilt.name = "trained"
    copy_values(session.model, rebuilt)
    images = keras.Input((None, None, 3), name="image", dtype="float32")
    resize = session.config.data.resize
    fitted = keras.layers.Resizing(
        height,
        width,
        interpolation="bilinear",
        crop_to_aspect_ratio=resize == "crop",
        pad_to_aspect_ratio=resize == "pad",
        antialias=True,
        name=_RESIZE,
    )(images)
    # The pipeline stores resized images as whole numbers. A call that leaves `training` open would run the layers after
    # Keras' Resizing in training mode, dropout included, since it is that layer's default; so it is not left open.
    outputs = session.task.finish(rebuilt(keras.ops.round(fitted), training=False))
    return keras.Model(images, outputs, name=session.model.name)


def save_model(session: Session, run: RunDirectory, measured: Evaluated) -> None:
    """Write model.keras with labels and preprocessing beside it, after comparing it with what was measured.

    Raises PromiseError when the file, opened again, predicts otherwise from the decoded images as they are.
    """
    run.commit_json("model/labels.json", list(session.task.scheme.names))
    run.commit_json("model/preprocessing.json", {
        "input": "decoded RGB image, 0 to 255, any size",
        "resize": {"height": session.backbone.image_size[0], "width": session.backbone.image_size[1],
                   "how": session.config.data.resize, "interpolation": "bilinear, antialiased"},
        "inside_the_model": ["resize", session.backbone.preprocessing],
        "output": f"{session.task.finished} in the order of labels.json",
    })  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "model.keras")
        serving_model(session).save(path)
        _compare(session, keras.models.load_model(path), measured)
        with open(path, "rb") as file:
            run.commit(MODEL, file.read())


def _compare(session: Session, model: keras.Model, measured: Evaluated) -> None:
    samples = measured.indices[:_SAMPLES_COMPARED]
    predictions = session.task.predictions(None, measured.outputs[: len(samples)])
    numbers = [column for name, column in predictions.items() if name.startswith(("probability_", "value"))]
    # Of values the tolerance is a share of their deviation.
    scale = np.asarray(session.task.scheme.deviation or 1.0)
    given = _outputs_of(model, [pixels(session.source.element(index)["image"]) for index in samples])
    differences = (np.abs(given - np.stack(numbers, axis=1)) / scale).max(axis=1)
    for index, difference in zip(samples, differences, strict=True):
        if not difference <= _TOLERANCE:
            raise PromiseError(
                f"{MODEL} predicts otherwise than what was measured (difference {difference:.2g} on "
                f"{session.source.keys[index]}); it was not written"
            )


def _outputs_of(model: keras.Model, images: list[tf.Tensor]) -> np.ndarray:
    """Return what a serving model gives for decoded images, each fitted by itself: the resize is compared as well.

    What follows takes them at once, since a call of many layers takes long whatever it is of; the first image goes all
    the way by itself.
    """
    singles = [tf.cast(image, tf.float32)[tf.newaxis] for image in images]
    resize = model.get_layer(_RESIZE)
    behind = keras.Model(resize.output, model.output)
    fitted = tf.concat([resize(single) for single in singles[1:]], 0) if singles[1:] else None
    parts = [model(singles[0]), *([] if fitted is None else [behind(fitted)])]
    return np.concatenate([np.asarray(part) for part in parts])
