"""Evaluating the saved model of a finished run on its own splits or on other data."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kerastune_ft.config.options.backbones import EarlierRun
from kerastune_ft.config.options.runtime import Runtime
from kerastune_ft.config.run import RunConfig
from kerastune_ft.data.labels.scheme import LabelScheme
from kerastune_ft.data.source import DataSource
from kerastune_ft.errors import ConfigError
from kerastune_ft.graph.rebuild.precision import FLOAT32
from kerastune_ft.input.language.pair_rows import read_shapes
from kerastune_ft.input.texts.row_settings import read_sizes
from kerastune_ft.metrics.document import REFIT_PLAN
from kerastune_ft.metrics.intervals.wilson import Interval
from kerastune_ft.own.objects import describe_metrics
from kerastune_ft.rundir import RunDirectory
from kerastune_ft.saved_model.build import THRESHOLDS
from kerastune_ft.saved_model.calibration import CHOOSING_SPLITS
from kerastune_ft.saved_model.unknown import read_unknown
from kerastune_ft.training.devices import devices as device_choice
from kerastune_ft.training.evaluation import final
from kerastune_ft.training.evaluation.run_source import open_other_data, open_own_data
from kerastune_ft.training.evaluation.unknown import count_unknown
from kerastune_ft.training.flags import describe_flags, find_flags
from kerastune_ft.training.judging.answers import Judged, answer, check_questions, count_judged_groups
from kerastune_ft.training.judging.questions import NOTHING, Questions
from kerastune_ft.training.judging.save import save_examples
from kerastune_ft.training.lost_files import naming_lost_files
from kerastune_ft.training.plan import build as planning
from kerastune_ft.training.plan.phase_plan import EvaluationPlan
from kerastune_ft.training.run_directory.run_data import describe_overlap
from kerastune_ft.training.session.assemble import assemble
from kerastune_ft.training.session.session import Session
from kerastune_ft.training.session.whole import is_whole, open_whole
from kerastune_ft.training.versions import describe_versions, find_versions
from kerastune_ft.training.watch import Watcher
from kerastune_ft.training.writing.sampled import Sampled

# By the entry of plan.json that has them, what returns the sizes that rows of tokens are padded to.
_SIZES: Mapping[str, Callable[[Mapping[str, Any]], Sequence[Any]]] = {
    "text": read_sizes,
    "language": read_sizes,
    "speech": read_sizes,
    "pair": read_shapes,
}


@dataclass(frozen=True)
class Evaluation:
    """The metrics of a run's model on one split or on other data."""

    metrics: dict[str, float]
    intervals: dict[str, Interval]
    """The lower and the upper end by metric, of those that have an interval."""
    examples: int
    is_as_recorded: bool
    """Whether they are of all the examples that the run had in the split, with the labels they had then."""
    groups: int | None = None
    """How many groups the examples are of; None where every one stands for itself."""
    details: Mapping[str, Any] = field(default_factory=dict)
    """What `judging.answers` says beyond that, as JSON values."""

    def to_json(self) -> dict[str, Any]:
        """Return everything as JSON values."""
        return {
            "metrics": self.metrics,
            "intervals": self.intervals,
            "examples": self.examples,
            "groups": self.groups,
            **self.details,
        }


def evaluate(
    target: RunDirectory,
    config: RunConfig,
    data: Path | None,
    split: str,
    watch: Watcher,
    questions: Questions = NOTHING,
) -> Evaluation:
    """Return the metrics of a run's saved model on a split, or on all examples of another folder, and what is asked.

    The weights come from model.keras and are computed with as validation was, so a split gives what metrics.json says.
    """
    document = target.read_json("plan.json")
    manifest = target.manifest() or {}
    for note in (*describe_versions(manifest, find_versions()), *describe_flags(manifest, find_flags())):
        watch.note(note)
    # As the run measured: its last figures and the saved model are float32, whatever it trained in.
    devices = _devices_for_evaluation(config.runtime.model_copy(update={"precision": FLOAT32}), watch)
    source, split = _open_data(target, config, data, split, document, watch, bool(questions.by))
    session, plan = _open_model(target, config, document, source, devices, watch)
    place = split if data is None else name_other_data(data)
    check_questions(questions, session, session.source.splits[split])
    with naming_lost_files(session.source):
        sample = Sampled.choose(session, questions.sample)
        evaluated = final.evaluate_splits(session, plan, (split,), watch, place=place, sample=sample)[split]
        if answers := read_unknown(target):
            watch.note(count_unknown(session, plan, answers, place, evaluated.indices, watch))
        judged = Judged(target, session, plan, split, evaluated, place)
        details = answer(questions, judged, watch)
        if questions.save is not None:
            save_examples(judged, questions.save)
    return Evaluation(
        metrics=session.task.summarise(evaluated.measured),
        intervals=final.intervals_of(session, evaluated),
        examples=len(evaluated.indices),
        is_as_recorded=data is None and not (source.change and source.change.touches(split)),
        groups=count_judged_groups(judged),
        details=details,
    )


def name_other_data(data: Path) -> str:
    """Return what other data is called: its name, and never as one of the splits that things are chosen on."""
    name = data.name or str(data)
    return f"./{name}" if name in CHOOSING_SPLITS else name


def _open_data(
    target: RunDirectory,
    config: RunConfig,
    data: Path | None,
    split: str,
    document: Mapping[str, Any],
    watch: Watcher,
    with_columns: bool,
) -> tuple[DataSource, str]:
    """Return the examples to evaluate and the split that they are."""
    if data is None:
        source = open_own_data(target, config, split, document, watch, with_columns)
        if split == "validation" and target.exists(REFIT_PLAN):
            watch.note(
                f"the model of {target} was refitted on its validation examples too, so these figures flatter it"
            )
        return source, split
    source = open_other_data(target, config, data, document, watch, with_columns)
    for note in source.info.list_notes(config.output.examples):
        watch.note(note)
    if overlap := describe_overlap(source, target, f"of {data}"):
        watch.note(overlap)
    return source, "test"


def _open_model(
    target: RunDirectory,
    config: RunConfig,
    document: Mapping[str, Any],
    source: DataSource,
    devices: device_choice.Devices,
    watch: Watcher,
) -> tuple[Session, EvaluationPlan]:
    """Return the session of a run's saved model on some examples, and how it is computed."""
    # The saved model has all weights and layers, so nothing the run began with is needed again.
    itself = EarlierRun(path=os.path.abspath(target.path) if target.is_local else str(target), head="keep")
    bare = _of_the_same_length(config.model_copy(update={"backbone": itself}), document)
    scheme = LabelScheme.from_json(document["labels"])
    sizes = next((read(document[name]) for name, read in _SIZES.items() if document.get(name)), None)
    endpoints = tuple(document["backbone"].get("endpoints", ())) or None
    for note in describe_metrics(config, str(target)):
        watch.note(note)
    if is_whole(document):
        session = open_whole(target, bare, devices, watch.note, source, scheme, sizes)
        plan = planning.for_whole(session, document["ensemble"]["replica_batch"])
    else:
        session = assemble(bare, devices, watch.note, source, scheme, sizes, endpoints)
        plan = planning.for_evaluation(session, document)
    if target.exists(THRESHOLDS):
        session.task.set_thresholds(target.read_json(THRESHOLDS))
    return session, plan


def _of_the_same_length(config: RunConfig, document: Mapping[str, Any]) -> RunConfig:
    """Return the configuration with the length of sounds that the run found for them, whatever the data are now."""
    if not document.get("sound"):
        return config
    return config.model_copy(update={"data": config.data.model_copy(update={"seconds": document["sound"]["seconds"]})})


def _devices_for_evaluation(runtime: Runtime, watch: Watcher) -> device_choice.Devices:
    """Return the devices of the run, or one where these are not to be had: evaluation is the same on any number."""
    try:
        return device_choice.resolve(runtime)
    except ConfigError as error:
        watch.note(f"evaluating on one device: {error}")
        return device_choice.resolve(runtime.model_copy(update={"strategy": "none", "replicas": None}))
