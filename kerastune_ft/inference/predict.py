"""Predictions of a finished run's model, computed as its evaluation was, from its run directory alone."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from kerastune_ft.config.options.task_facts import facts
from kerastune_ft.config.run import RunConfig
from kerastune_ft.errors import ConfigError
from kerastune_ft.inference.fixed_shape_predictor import FixedShapePredictor
from kerastune_ft.inference.inputs import as_list, list_inputs, read_options
from kerastune_ft.inference.items import Listing
from kerastune_ft.inference.run_model import Row
from kerastune_ft.inference.text_inputs import list_texts
from kerastune_ft.inference.text_predictor import TextPredictor
from kerastune_ft.rundir import RunDirectory
from kerastune_ft.saved_model.build import MODEL
from kerastune_ft.training.devices import devices
from kerastune_ft.training.session.assemble import cache_directory
from kerastune_ft.training.watch import Watcher

BATCH = 32
Predictor = FixedShapePredictor | TextPredictor


@dataclass(frozen=True)
class Predictions:
    """The rows of predictions as they come: `columns` names their cells, `batches` are lists of them, in order."""

    columns: tuple[str, ...]
    batches: Iterator[list[Row]]


def predict(
    run: RunDirectory, config: RunConfig, inputs: Any, given: str | None, batch_size: int | None, watch: Watcher
) -> Predictions:
    """Return a row for everything in `inputs`, one or many, with `error` filled where there is nothing to predict on.

    An input is a path of an image, folder, archive, table or .npz file, an array of images, or an open binary file with
    a path per line; where the run is about texts, a text stands wherever a path does, a pair as a tuple of two.
    `given` is the column, template, key or array that names images, or holds texts, there.
    """
    resolved = devices.resolve(config.runtime.model_copy(update={"strategy": "none", "replicas": None}))
    how = read_options(config, given, cache_directory(config.runtime), watch.note, _read_model_rate(run))
    # What cannot be read as images is told before the model is loaded; of texts that says how many are one example.
    is_text = facts(config.task).modality == "text"
    found = [] if is_text else list_inputs(as_list(inputs), how)
    predictor = _load_predictor(run, config)
    if isinstance(predictor, TextPredictor):
        found = list_texts(as_list(inputs), how, predictor.parts)
    watch.note(f"predicting with {run} on {resolved}")
    if how.intensity is not None:
        low, high = how.intensity
        watch.note(f"values {low:g} to {high:g} become 0 to 255 in all images, as in training (data.intensity)")
    for listing in found:
        for note in listing.notes:
            watch.note(note)
    return Predictions(predictor.columns, _batches(predictor, found, batch_size or BATCH, watch))


def _read_model_rate(run: RunDirectory) -> int | None:
    """Return how many samples a second the run's model takes; None where its examples are no sounds."""
    sound = run.read_json("plan.json").get("sound") if run.exists("plan.json") else None
    return sound["sample_rate"] if sound else None


def _batches(predictor: Predictor, found: list[Listing], batch_size: int, watch: Watcher) -> Iterator[list[Row]]:
    counts = [listing.count for listing in found]
    total = sum(count for count in counts if count is not None) if None not in counts else None
    done = 0
    items = (item for listing in found for item in listing.items)
    for rows in predictor.batches(items, batch_size):
        done += len(rows)
        # Where nobody knows how many there are, there is always one more to come.
        watch.work("predicting", done, total if total is not None else done + 1)
        yield rows
    for note in predictor.notes():
        watch.note(note)


_KEPT: dict[tuple, Predictor] = {}


def _load_predictor(run: RunDirectory, config: RunConfig) -> Predictor:
    """Return the predictor of a run; that of the last one stays loaded, for programs that ask image by image."""
    if not run.is_local:
        return _open_predictor(run, config)
    states = [os.stat(run.path / name) for name in (MODEL, "plan.json", "config.json")]
    key = (os.path.abspath(run.path), *((state.st_mtime_ns, state.st_size) for state in states))
    if key not in _KEPT:
        _KEPT.clear()
        _KEPT[key] = _open_predictor(run, config)
    return _KEPT[key]


def _open_predictor(run: RunDirectory, config: RunConfig) -> Predictor:
    plan = run.read_json("plan.json") if run.exists("plan.json") else {}
    if "labels" not in plan:
        raise ConfigError(
            f"{run} was made by an earlier version, which did not write what predictions need; run it anew"
        )
    return (TextPredictor if facts(config.task).modality == "text" else FixedShapePredictor)(run, config, plan)
