"""Predictions of a finished run's model, computed as its evaluation was, from its run directory alone."""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from kerastune_ft.backbones.run import is_inner
from kerastune_ft.config.run import RunConfig
from kerastune_ft.data.labels import Scheme
from kerastune_ft.errors import ConfigError, DataError
from kerastune_ft.inference.inputs import listings, reading, several
from kerastune_ft.inference.items import Listing
from kerastune_ft.inference.pictures import Picture, PictureReader, pictures
from kerastune_ft.input.decode import Geometry
from kerastune_ft.rundir import RunDirectory
from kerastune_ft.storage import at_hand
from kerastune_ft.tasks.base import Task
from kerastune_ft.training import devices
from kerastune_ft.training.assemble import cache_directory
from kerastune_ft.training.results import MODEL, THRESHOLDS
from kerastune_ft.training.watch import Watch

BATCH = 32
ERROR = "error"
Row = dict[str, Any]


@dataclass(frozen=True)
class Predictions:
    """The rows of predictions as they come: `columns` names their cells, `batches` are lists of them, in order."""

    columns: tuple[str, ...]
    batches: Iterator[list[Row]]


def predict(
    run: RunDirectory, config: RunConfig, inputs: Any, given: str | None, batch_size: int | None, watch: Watch
) -> Predictions:
    """Return a row for everything in `inputs`, one or many, with `error` filled where there is nothing to predict on.

    An input is a path of an image, folder, archive, table or .npz file, an array of images, or an open binary file with
    a path per line. `given` is the column, template, key or array that names images there.
    """
    resolved = devices.resolve(config.runtime.model_copy(update={"strategy": "none", "replicas": None}))
    how = reading(config, given, cache_directory(config.runtime), watch.note)
    found = listings(several(inputs), how)
    predictor = _loaded(run, config)
    watch.note(f"predicting with {run} on {resolved}")
    if how.intensity is not None:
        low, high = how.intensity
        watch.note(f"values {low:g} to {high:g} become 0 to 255 in all images, as in training (data.intensity)")
    for listing in found:
        for note in listing.notes:
            watch.note(note)
    return Predictions(predictor.columns, _batches(predictor, found, batch_size or BATCH, watch))


def _batches(predictor: Predictor, found: list[Listing], batch_size: int, watch: Watch) -> Iterator[list[Row]]:
    counts = [listing.count for listing in found]
    total = sum(count for count in counts if count is not None) if None not in counts else None
    done = rotated = 0
    items = (item for listing in found for item in listing.items)
    for read, rows in predictor.batches(items, batch_size):
        done += len(rows)
        rotated += sum(picture.is_rotated for picture in read)
        # Where nobody knows how many there are, there is always one more to come.
        watch.work("predicting", done, total if total is not None else done + 1)
        yield rows
    if rotated:
        watch.note(f"{rotated} of {done} inputs are stored rotated (EXIF) and used as stored")


class Predictor:
    """The model of a run directory, with the task that reads its outputs."""

    def __init__(self, run: RunDirectory, config: RunConfig) -> None:
        """Load the model; raise ConfigError where the run has none."""
        plan = run.read_json("plan.json")
        self._task = _task(run, config, plan)
        self._model = _raw_model(run)
        height, width = plan["backbone"]["image_size"]
        intensity = None if config.data.intensity == "auto" else config.data.intensity
        self._reader = PictureReader(self._task, Geometry(height, width, config.data.resize), intensity)
        self._outputs = tf.function(self._computed, autograph=False)
        nothing = np.zeros((1, len(self._task.scheme.names)), np.float32)
        self.columns = ("input", *self._named(nothing), ERROR)

    def batches(self, items: Iterable[Any], size: int) -> Iterator[tuple[list[Picture], list[Row]]]:
        """Give pictures and their rows, in order, whenever `size` images are complete.

        The model sees one batch shape: `size` images, or all there are where these are fewer.
        """
        waiting: list[Picture] = []
        shape: int | None = None
        for picture in pictures(items, self._reader, 2 * size if size > 1 else 1):
            waiting.append(picture)
            complete = sum(each.pixels is not None for each in waiting) if len(waiting) >= size else 0
            if complete == size or len(waiting) >= 8 * size:
                shape = size
                yield waiting, self._rows(waiting, shape)
                waiting = []
        if waiting:
            complete = sum(each.pixels is not None for each in waiting)
            yield waiting, self._rows(waiting, shape or complete)

    def _rows(self, read: list[Picture], shape: int) -> list[Row]:
        usable = [picture for picture in read if picture.pixels is not None]
        cells = self._cells([picture.pixels for picture in usable], shape) if usable else iter(())
        empty = dict.fromkeys(self.columns)
        return [
            empty | {"input": picture.name, ERROR: picture.problem} | ({} if picture.problem else next(cells))
            for picture in read
        ]

    def _cells(self, images: list[tf.Tensor], shape: int) -> Iterator[Row]:
        padding = [tf.zeros_like(images[0])] * (shape - len(images))
        outputs = np.asarray(self._outputs(tf.stack([*images, *padding])))[: len(images)]
        columns = self._named(outputs)
        for values in zip(*columns.values(), strict=True):
            yield {name: _plain(value) for name, value in zip(columns, values, strict=True)}

    def _computed(self, images: tf.Tensor) -> tf.Tensor:
        return self._model(tf.cast(images, tf.float32), training=False)

    def _named(self, outputs: np.ndarray) -> dict[str, np.ndarray]:
        """Return the task's columns, with the predicted label under the name it has for users."""
        columns = self._task.predictions(None, outputs)
        return {"label" if name == "prediction" else name: values for name, values in columns.items()}


def _plain(value: Any) -> Any:
    """Return a cell as text or number; of a number the digits that float32 has."""
    return value if isinstance(value, str) else float(f"{value:.12g}")


_KEPT: dict[tuple, Predictor] = {}


def _loaded(run: RunDirectory, config: RunConfig) -> Predictor:
    """Return the predictor of a run; that of the last one stays loaded, for programs that ask image by image."""
    if not run.is_local:
        return Predictor(run, config)
    states = [os.stat(run.path / name) for name in (MODEL, "plan.json", "config.json")]
    key = (os.path.abspath(run.path), *((state.st_mtime_ns, state.st_size) for state in states))
    if key not in _KEPT:
        _KEPT.clear()
        _KEPT[key] = Predictor(run, config)
    return _KEPT[key]


def _task(run: RunDirectory, config: RunConfig, plan: Mapping[str, Any]) -> Task:
    if "labels" not in plan:
        raise ConfigError(
            f"{run} was made by an earlier version, which did not write what predictions need; run it anew"
        )
    build: Callable = importlib.import_module(f"kerastune_ft.tasks.{config.task.kind}").build
    task = build(config.task, config.head, Scheme.from_json(plan["labels"]), config.seed)
    if run.exists(THRESHOLDS):
        task.set_thresholds(run.read_json(THRESHOLDS))
    return task


def _raw_model(run: RunDirectory) -> keras.Model:
    """Return the saved model from fixed-shape images to raw outputs: what lies between its resize and its finish."""
    path = run.path / MODEL
    try:
        with at_hand(path) as file:
            saved = keras.models.load_model(file, compile=False)
    except (OSError, ValueError, TypeError) as problem:
        said = " ".join(str(problem).split())[:200]
        raise DataError(
            f"{path} cannot be opened: {said}\nRestore it, or give the run's command with --fresh"
        ) from problem
    return next(layer for layer in saved.layers if is_inner(layer))
