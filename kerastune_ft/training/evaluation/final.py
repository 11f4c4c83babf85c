"""The final evaluation of a run: metrics, predictions.csv and the worst mistakes."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from kerastune_ft.errors import explain_memory
from kerastune_ft.metrics import reliability
from kerastune_ft.metrics.calibration.temperature import FILE as TEMPERATURE
from kerastune_ft.metrics.calibration.temperature import describe_temperature, list_gaps
from kerastune_ft.metrics.document import CLASSES, EXAMPLES, GROUPS, INTERVALS, OUT_OF_FOLD, RELIABILITY
from kerastune_ft.metrics.intervals.base import find_intervals
from kerastune_ft.metrics.intervals.draws import count_groups
from kerastune_ft.metrics.intervals.wilson import Interval
from kerastune_ft.metrics.texts.score import TEXTS
from kerastune_ft.rundir import RunDirectory
from kerastune_ft.saved_model.build import THRESHOLDS
from kerastune_ft.saved_model.calibration import CHOOSING_SPLITS, find_chooser
from kerastune_ft.training.evaluation.detail_files import choose_last, write_detail_tables, write_part_tables
from kerastune_ft.training.evaluation.examples import write_examples
from kerastune_ft.training.evaluation.unknown import FoundUnknown, make_feed, write_unknown
from kerastune_ft.training.features.feed import Feed
from kerastune_ft.training.phase.evaluate import Evaluated, evaluate_split
from kerastune_ft.training.phase.freeze import freeze_all_but
from kerastune_ft.training.plan.phase_plan import EvaluationPlan
from kerastune_ft.training.session.session import Session
from kerastune_ft.training.updates.step import PhaseStep
from kerastune_ft.training.watch import Watcher
from kerastune_ft.training.writing.sampled import Sampled

# Those of validation would flatter: it has chosen the epochs.
TEST = "test"
_WITH_INTERVALS = (TEST, OUT_OF_FOLD)


def evaluate_splits(
    session: Session,
    plan: EvaluationPlan,
    splits: tuple[str, ...],
    watch: Watcher,
    feed: Feed | None = None,
    step: PhaseStep | None = None,
    place: str | None = None,
    sample: Sampled | None = None,
) -> dict[str, Evaluated]:
    """Return what the task measures of these splits, computed as validation computed it in the last phase.

    `feed` and `step` are those of the last phase, where it was trained here: its stores are read, and what is compiled
    already is called. `place` is what progress and errors call the examples; by default it is the split. Answers are
    generated for the metrics of the task that need them, or for `sample`.
    """
    sample = sample or Sampled.of(session)
    freeze_all_but(session, plan.selection, plan.trained)
    step = step or PhaseStep(session.devices, plan.partition.tail, session.task, (), address="")
    feed = feed or make_feed(session, plan)
    evaluated = {}
    for split in splits:
        name = place or split
        progress = functools.partial(watch.work, f"evaluating {name}")
        indices = session.source.splits[split]
        where = (
            f"in the evaluation of {name}, which computes {plan.batch_size} examples at a time as the last phase did"
        )
        with explain_memory(where, "free memory, or go on where there is more"):
            found = evaluate_split(step, session.devices, feed, indices, plan.batch_size, progress)
            measured = sample.add_to(session, indices, found.measured, name, watch)
            evaluated[split] = replace(found, measured=measured)
    return evaluated


def metrics_of(session: Session, evaluated: Mapping[str, Evaluated]) -> dict[str, dict[str, float]]:
    """Return the metrics of every split."""
    return {split: session.task.summarise(each.measured) for split, each in evaluated.items()}


def intervals_of(session: Session, evaluated: Evaluated) -> dict[str, Interval]:
    """Return the lower and upper end of the interval of every metric, with examples of one group kept together."""
    found = find_intervals(session.task.sample(evaluated.measured), groups_of(session, evaluated))
    return {name: found[name] for name in session.task.metric_directions if name in found}


def groups_of(session: Session, evaluated: Evaluated) -> list[str] | None:
    """Return the group of every example; None where examples are not grouped."""
    groups = session.source.groups
    return None if groups is None else [groups[index] for index in evaluated.indices]


def count_groups_of(session: Session, evaluated: Mapping[str, Evaluated]) -> dict[str, int]:
    """Return by split how many groups its examples are of; empty where every example stands for itself."""
    counts = {split: count_groups(groups_of(session, each), len(each.indices)) for split, each in evaluated.items()}
    return {split: count for split, count in counts.items() if count is not None}


def prediction_rows(
    session: Session, evaluated: Mapping[str, Evaluated], unknown: FoundUnknown | None = None
) -> list[dict[str, Any]]:
    """Return the rows of predictions.csv: split, input, the task's columns, and those of `unknown` answers."""
    rows = []
    for split, each in evaluated.items():
        columns = session.task.prediction_columns(each.measured)
        columns |= {} if unknown is None else unknown.columns(split)
        if not session.config.output.examples:
            columns = {name: values for name, values in columns.items() if name not in TEXTS}
        for position, index in enumerate(each.indices):
            row = {"split": split, "input": session.source.keys[index]}
            rows.append(row | {name: values[position] for name, values in columns.items()})
    return rows


def write_evaluation(
    session: Session, run: RunDirectory, evaluated: Mapping[str, Evaluated], unknown: FoundUnknown | None = None
) -> dict[str, Any]:
    """Write predictions.csv, the worst mistakes, metrics.json and `unknown` answers; return the metrics.

    With `output.examples: false` the inputs' names and pictures, which may identify a patient, are left out.
    """
    thresholds = session.task.choose_thresholds(evaluated["validation"].measured) if "validation" in evaluated else {}
    if thresholds:
        run.commit_json(THRESHOLDS, thresholds)
    if unknown is not None:
        write_unknown(run, unknown)
    rows = prediction_rows(session, evaluated, unknown)
    shown = session.config.output.examples
    if not shown:
        rows = [{**row, "input": number} for number, row in enumerate(rows)]
    run.commit_csv("evaluation/predictions.csv", list(rows[0]), rows)
    write_detail_tables(session, run, evaluated)
    write_part_tables(session, run, evaluated)
    shown_split = evaluated[choose_last(evaluated)]
    for name, found in session.task.describe(shown_split.measured, groups_of(session, shown_split)).items():
        run.commit_json(f"evaluation/{name}.json", found)
    write_examples(session, run, rows, evaluated)
    metrics: dict[str, Any] = dict(metrics_of(session, evaluated))
    classes = {split: session.task.summarise_classes(each.measured) for split, each in evaluated.items()}
    if any(classes.values()):
        metrics[CLASSES] = classes
    metrics |= {
        INTERVALS: {
            split: intervals_of(session, each) for split, each in evaluated.items() if split in _WITH_INTERVALS
        },
        EXAMPLES: {split: len(each.indices) for split, each in evaluated.items()},
    }
    if groups := count_groups_of(session, evaluated):
        metrics[GROUPS] = groups
    if constant := _of_constant(session, evaluated):
        run.commit_json("evaluation/constant.json", constant)
    run.commit_json("metrics.json", metrics)
    _write_reliability(session, run, evaluated)
    return metrics


def _write_reliability(session: Session, run: RunDirectory, evaluated: Mapping[str, Evaluated]) -> None:
    """Write the temperature that calibrates probabilities, and how far answers on test can be relied on.

    Both need a split that temperature and thresholds are chosen on; of kinds of labels that have nothing to choose
    nothing is written.
    """
    split = next((split for split in CHOOSING_SPLITS if split in evaluated), None)
    if split is None:
        return
    chosen = session.task.outcomes(evaluated[split].measured)
    described: dict[str, Any] = {}
    chooser = find_chooser(run, split)
    if not chosen.no_probabilities:
        described = describe_temperature(chosen.fit_temperature(), split, chosen.examples, chooser)
        run.commit_json(TEMPERATURE, described)
    if TEST in evaluated:
        tested, groups = session.task.outcomes(evaluated[TEST].measured), groups_of(session, evaluated[TEST])
        if found := reliability.describe_all(chosen, tested, described.get("temperature"), groups):
            if "calibration" in found:
                found["calibration"] |= list_gaps(described)
            about = reliability.describe_choice(TEST, tested, split, chosen, groups, chooser)
            run.commit_json(RELIABILITY, about | found)


def _of_constant(session: Session, evaluated: Mapping[str, Evaluated]) -> dict[str, dict[str, float]]:
    """Return the metrics of the best predictor that never looks at its input: what a model must be better than."""
    source = session.source
    labels = source.labels[source.splits["train"]]
    found = {split: session.task.summarise_constant(each.measured, labels) for split, each in evaluated.items()}
    return {split: metrics for split, metrics in found.items() if metrics is not None}
