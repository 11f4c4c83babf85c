"""Predicts with the model of a finished run, computed as in its evaluation, from the run directory alone."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kerastune_ft.config.options.task_facts import (
    AUDIO,
    IMAGE,
    LANGUAGE,
    MASKED,
    PAIR,
    SEVERAL_INPUTS,
    SPEECH,
    TEXT,
    LabelKind,
    facts,
)
from kerastune_ft.config.run import RunConfig
from kerastune_ft.data.labels.scheme import LabelScheme
from kerastune_ft.errors import ConfigError
from kerastune_ft.inference.fixed_shape_predictor import ImagePredictor, SoundPredictor
from kerastune_ft.inference.inputs import as_list
from kerastune_ft.inference.items import Item, Listing
from kerastune_ft.inference.language.answer_predictor import AnswerPredictor
from kerastune_ft.inference.language.hidden_word_predictor import HiddenWordPredictor
from kerastune_ft.inference.output.form import PLAIN, OutputForm
from kerastune_ft.inference.output.own_columns import OwnColumns
from kerastune_ft.inference.output.submission import Submission, read_sample
from kerastune_ft.inference.output.top_classes import TopClasses
from kerastune_ft.inference.own_pictures import Pictures
from kerastune_ft.inference.predictor import Predictor
from kerastune_ft.inference.read_options import read_options
from kerastune_ft.inference.run_model import ERROR, UNKNOWN, Row
from kerastune_ft.inference.several.several_predictor import SeveralPredictor
from kerastune_ft.inference.speech.transcript_predictor import TranscriptPredictor
from kerastune_ft.inference.text_predictor import TextPredictor
from kerastune_ft.inference.tile_predictor import TilePredictor
from kerastune_ft.metrics.unknown_counts import describe_unknown_inputs
from kerastune_ft.notebook.speech import is_news
from kerastune_ft.rundir import RunDirectory
from kerastune_ft.saved_model.build import MODEL
from kerastune_ft.training.devices import devices
from kerastune_ft.training.session.assemble import cache_directory
from kerastune_ft.training.watch import Watcher

BATCH = 32
_PREDICTORS: Mapping[str, type[Predictor]] = {
    IMAGE: ImagePredictor,
    AUDIO: SoundPredictor,
    SPEECH: TranscriptPredictor,
    TEXT: TextPredictor,
    LANGUAGE: AnswerPredictor,
    MASKED: HiddenWordPredictor,
    PAIR: AnswerPredictor,
    SEVERAL_INPUTS: SeveralPredictor,
}


@dataclass
class RowCounts:
    """How many of the inputs so far could not be read, and how many are unknown."""

    inputs: int = 0
    errors: int = 0
    unknown: int = 0

    def add(self, rows: Sequence[Row]) -> None:
        """Count the rows of these inputs, which have the columns of a predictor."""
        self.inputs += len(rows)
        self.errors += sum(row[ERROR] is not None for row in rows)
        self.unknown += sum(row.get(UNKNOWN) is True for row in rows)


@dataclass(frozen=True)
class Predictions:
    """Rows of predictions, computed as they are read."""

    columns: tuple[str, ...]
    """The names of the cells of a row."""
    batches: Iterator[list[Row]]
    """Lists of rows, in the order of inputs."""
    counts: RowCounts
    """The numbers of inputs, counted as their rows are computed."""


def predict(
    run: RunDirectory,
    config: RunConfig,
    inputs: Any,
    given: str | None,
    batch_size: int | None,
    watch: Watcher,
    form: OutputForm = PLAIN,
) -> Predictions:
    """Return a row for every item in `inputs`, one input or many; its cell `error` says why an item cannot be read.

    An input is the path of an image or sound, a folder, archive, table or .npz file, an array, or an open binary file
    with a path on each line. Where the run's examples are texts, an input may be a text itself, or a tuple of two for
    pairs. `given` is the column, template, key or array that names the files, or holds the texts, in these. `form` says
    what rows hold; with a sample submission they are the sample's, and come at the end. Raises DataError where inputs
    and sample do not fit.
    """
    _check_form(form, config)
    resolved = devices.resolve(config.runtime.model_copy(update={"strategy": "none", "replicas": None}))
    plan = _read_plan(run)
    sound = plan.get("sound")
    rate = sound["sample_rate"] if sound else None
    shape = (run.manifest() or {}).get("example_shape")
    options = read_options(config, given, cache_directory(config.runtime), watch.note, rate, shape)
    predictor_class = _choose_predictor(config)
    # Before the model is loaded, so that wrong inputs are reported at once.
    listings = predictor_class.list_inputs(as_list(inputs), options, plan)
    scheme = LabelScheme.from_json(plan["labels"])
    top = None if form.top is None or facts(config.task).hides_words else TopClasses(scheme, form.top)
    submission = _open_submission(form, listings, scheme, config)
    listings = submission.listings if submission else listings
    predictor = _load_predictor(predictor_class, run, config, plan, form)
    if is_news(begin := f"predicting with {run} on {resolved}"):
        watch.note(begin)
    if options.intensity is not None:
        low, high = options.intensity
        watch.note(f"values {low:g} to {high:g} become 0 to 255, as in training (data.intensity)")
    columns = predictor.columns if top is None else top.columns(predictor.columns)
    own = OwnColumns([] if submission else listings, columns, len(predictor.input_columns))
    said = [note for listing in listings for note in listing.notes]
    for note in (
        *said,
        *(top.notes if top else ()),
        *filter(is_news, own.notes),
        *(submission.notes if submission else ()),
        *predictor.choice_notes,
    ):
        watch.note(note)
    size, counts = batch_size or BATCH, RowCounts()
    if submission is not None:
        items = (item for listing in listings for item in listing.items)
        found = _predict_batches(predictor, items, _count(listings), size, watch, counts)
        return Predictions(submission.columns, _fill(submission, found, watch), counts)
    pictures = Pictures(config, plan) if form.pictures else None
    asked: Iterable[Item] = own.items() if pictures is None else pictures.keep(own.items())
    found = _predict_batches(predictor, asked, _count(listings), size, watch, counts)
    ranked: Iterator[list[Row]] = ([own.join(top.rank(row) if top else row) for row in rows] for rows in found)
    if pictures is not None:
        ranked = pictures.add_to(ranked)
    return Predictions(own.columns, ranked, counts)


def open_predictor(run: RunDirectory, config: RunConfig) -> Predictor:
    """Return the predictor of a run, for programs that answer item by item as `predict` does.

    Raises ConfigError where the run was made by a version that did not write what predictions need.
    """
    devices.resolve(config.runtime.model_copy(update={"strategy": "none", "replicas": None}))
    return _load_predictor(_choose_predictor(config), run, config, _read_plan(run), PLAIN)


# Labels whose answers have a score each.
_SCORED: tuple[LabelKind, ...] = ("boxes",)


def _choose_predictor(config: RunConfig) -> type[Predictor]:
    return TilePredictor if config.data.tiles is not None else _PREDICTORS[config.modality]


def _check_form(form: OutputForm, config: RunConfig) -> None:
    """Raise ConfigError for options that exclude each other, and for those of texts where the model writes none."""
    form.check()
    if form.generate and not facts(config.task).writes:
        names = ", ".join(f"--{name.replace('_', '-')}" for name, _ in form.generate)
        raise ConfigError(f"{names}: the model of {config.name} writes no texts; leave it out")
    if form.threshold is not None and facts(config.task).labels not in _SCORED:
        raise ConfigError(
            f"--threshold: it is the least score of boxes, and the model of {config.name} answers none; leave it out"
            + ("; of several labels write task.thresholds" if getattr(config.task, "multi_label", False) else "")
        )


def _open_submission(
    form: OutputForm, listings: list[Listing], scheme: LabelScheme, config: RunConfig
) -> Submission | None:
    if form.submission is None:
        return None
    positive = getattr(config.task, "positive", None)
    return Submission(read_sample(form.submission), listings, scheme, positive, form.allow_errors)


def _fill(submission: Submission, found: Iterator[list[Row]], watch: Watcher) -> Iterator[list[Row]]:
    """Yield the rows of a submission, then tell what became of inputs that could not be read."""
    known = len(submission.notes)
    yield from submission.fill(found)
    for note in submission.notes[known:]:
        watch.note(note)


def _count(listings: list[Listing]) -> int | None:
    """Return the number of items; None where it is known only after reading them all."""
    counts = [listing.count for listing in listings]
    return sum(count for count in counts if count is not None) if None not in counts else None


def _read_plan(run: RunDirectory) -> dict[str, Any]:
    """Return the plan.json of a run; raise ConfigError for a run that has none with labels."""
    plan = run.read_json("plan.json") if run.exists("plan.json") else {}
    if "labels" not in plan:
        raise ConfigError(
            f"{run} was made by an earlier version, which did not write what predictions need; run it again"
        )
    return plan


def _predict_batches(
    predictor: Predictor,
    items: Iterable[Item],
    total: int | None,
    batch_size: int,
    watch: Watcher,
    counts: RowCounts,
) -> Iterator[list[Row]]:
    """Yield the rows of all items, `total` of them if that is known, with progress and then notes for the user."""
    for rows in predictor.batches(items, batch_size):
        counts.add(rows)
        # Where the total is unknown, progress shows one more to come.
        watch.work("predicting", counts.inputs, total if total is not None else counts.inputs + 1)
        yield rows
    if total is None and counts.inputs:
        watch.work("predicting", counts.inputs, counts.inputs)
    for note in predictor.notes():
        watch.note(note)
    if UNKNOWN in predictor.columns and counts.errors < counts.inputs:
        watch.note(describe_unknown_inputs(counts.inputs - counts.errors, counts.unknown))


# The predictor of the last run, by the state of its files.
_LAST: dict[tuple, Predictor] = {}


def _load_predictor(
    predictor_class: type[Predictor], run: RunDirectory, config: RunConfig, plan: Mapping[str, Any], form: OutputForm
) -> Predictor:
    """Return the predictor of a run; the last one stays in memory, for programs that predict image by image."""
    if not run.is_local:
        return predictor_class(run, config, plan, form)
    states = [os.stat(run.path / name) for name in (MODEL, "plan.json", "config.json")]
    stamps = [(state.st_mtime_ns, state.st_size) for state in states]
    key = (os.path.abspath(run.path), *stamps, form.calibrated, form.coverage, form.threshold, form.generate)
    if key not in _LAST:
        _LAST.clear()
        _LAST[key] = predictor_class(run, config, plan, form)
    return _LAST[key]
