"""Predicts with the model of a finished run, computed as in its evaluation, from the run directory alone."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from kerastune_ft.config.options.task_facts import AUDIO, IMAGE, TEXT, facts
from kerastune_ft.config.run import RunConfig
from kerastune_ft.errors import ConfigError
from kerastune_ft.inference.fixed_shape_predictor import ImagePredictor, SoundPredictor
from kerastune_ft.inference.inputs import as_list
from kerastune_ft.inference.items import Listing
from kerastune_ft.inference.predictor import Predictor
from kerastune_ft.inference.read_options import read_options
from kerastune_ft.inference.run_model import Row
from kerastune_ft.inference.text_predictor import TextPredictor
from kerastune_ft.rundir import RunDirectory
from kerastune_ft.saved_model.build import MODEL
from kerastune_ft.training.devices import devices
from kerastune_ft.training.session.assemble import cache_directory
from kerastune_ft.training.watch import Watcher

BATCH = 32
_PREDICTORS: Mapping[str, type[Predictor]] = {IMAGE: ImagePredictor, AUDIO: SoundPredictor, TEXT: TextPredictor}


@dataclass(frozen=True)
class Predictions:
    """Rows of predictions, computed as they are read."""

    columns: tuple[str, ...]
    """The names of the cells of a row."""
    batches: Iterator[list[Row]]
    """Lists of rows, in the order of inputs."""


def predict(
    run: RunDirectory, config: RunConfig, inputs: Any, given: str | None, batch_size: int | None, watch: Watcher
) -> Predictions:
    """Return a row for every item in `inputs`, one input or many; its cell `error` says why an item cannot be read.

    An input is the path of an image or sound, a folder, archive, table or .npz file, an array, or an open binary file
    with a path on each line. Where the run's examples are texts, an input may be a text itself, or a tuple of two for
    pairs. `given` is the column, template, key or array that names the files, or holds the texts, in these.
    """
    resolved = devices.resolve(config.runtime.model_copy(update={"strategy": "none", "replicas": None}))
    plan = _read_plan(run)
    sound = plan.get("sound")
    rate = sound["sample_rate"] if sound else None
    options = read_options(config, given, cache_directory(config.runtime), watch.note, rate)
    predictor_class = _PREDICTORS[facts(config.task).modality]
    # Before the model is loaded, so that wrong inputs are reported at once.
    listings = predictor_class.list_inputs(as_list(inputs), options, plan)
    predictor = _load_predictor(predictor_class, run, config, plan)
    watch.note(f"predicting with {run} on {resolved}")
    if options.intensity is not None:
        low, high = options.intensity
        watch.note(f"values {low:g} to {high:g} become 0 to 255, as in training (data.intensity)")
    for listing in listings:
        for note in listing.notes:
            watch.note(note)
    return Predictions(predictor.columns, _predict_batches(predictor, listings, batch_size or BATCH, watch))


def _read_plan(run: RunDirectory) -> dict[str, Any]:
    """Return the plan.json of a run; raise ConfigError for a run that has none with labels."""
    plan = run.read_json("plan.json") if run.exists("plan.json") else {}
    if "labels" not in plan:
        raise ConfigError(
            f"{run} was made by an earlier version, which did not write what predictions need; run it again"
        )
    return plan


def _predict_batches(
    predictor: Predictor, listings: list[Listing], batch_size: int, watch: Watcher
) -> Iterator[list[Row]]:
    """Yield the rows of all items of the listings, with progress and then notes for the user."""
    counts = [listing.count for listing in listings]
    total = sum(count for count in counts if count is not None) if None not in counts else None
    done = 0
    items = (item for listing in listings for item in listing.items)
    for rows in predictor.batches(items, batch_size):
        done += len(rows)
        # Where the total is unknown, progress shows one more to come.
        watch.work("predicting", done, total if total is not None else done + 1)
        yield rows
    for note in predictor.notes():
        watch.note(note)


# The predictor of the last run, by the state of its files.
_LAST: dict[tuple, Predictor] = {}


def _load_predictor(
    predictor_class: type[Predictor], run: RunDirectory, config: RunConfig, plan: Mapping[str, Any]
) -> Predictor:
    """Return the predictor of a run; the last one stays in memory, for programs that predict image by image."""
    if not run.is_local:
        return predictor_class(run, config, plan)
    states = [os.stat(run.path / name) for name in (MODEL, "plan.json", "config.json")]
    key = (os.path.abspath(run.path), *((state.st_mtime_ns, state.st_size) for state in states))
    if key not in _LAST:
        _LAST.clear()
        _LAST[key] = predictor_class(run, config, plan)
    return _LAST[key]
