"""What a cross-validation leaves: out-of-fold predictions, the figures of all members, and the measured ensemble."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from kerastune_ft.folds.ensemble import on_examples
from kerastune_ft.folds.member import Member
from kerastune_ft.folds.summary import summarise_members
from kerastune_ft.folds.unknown import add_distances, join_unknown
from kerastune_ft.metrics.document import FOLDS, INTERVALS, OUT_OF_FOLD
from kerastune_ft.rundir import RunDirectory
from kerastune_ft.saved_model.build import THRESHOLDS
from kerastune_ft.tasks.base import Task
from kerastune_ft.training.evaluation import final, saved_model
from kerastune_ft.training.evaluation.unknown import FoundUnknown
from kerastune_ft.training.phase.evaluate import Evaluated
from kerastune_ft.training.plan import build as planning
from kerastune_ft.training.session.session import Session
from kerastune_ft.training.watch import Watcher

PREDICTIONS = "out_of_fold.csv"
# As many examples of the rest tell whether the saved ensemble answers as the live one, where there is no test split.
_COMPARED = 8
_SAMPLE = "sample"


def write(run: RunDirectory, session: Session, members: Sequence[Member], watch: Watcher) -> None:
    """Write everything that follows from the finished members; `session` is that of the ensemble."""
    task = session.task
    measured = {member.fold.place: member.read_measured() for member in members}
    together = average_over_seeds(task, members, measured)
    if thresholds := task.choose_thresholds(together.measured):
        run.commit_json(THRESHOLDS, thresholds)
    unknown = join_unknown(session, members, measured)
    rows = list_rows(session, members, measured, unknown)
    run.commit_csv(PREDICTIONS, list(rows[0]), rows)
    plan = planning.for_whole(session, run.read_json("plan.json")["ensemble"]["replica_batch"])
    tested = tuple(split for split in session.source.splits if split == "test")
    of_test = final.evaluate_splits(session, plan, tested, watch) if tested else {}
    unknown = add_distances(unknown, session, plan, of_test, watch)
    evaluated = {**of_test, OUT_OF_FOLD: together}
    metrics = final.write_evaluation(session, run, evaluated, unknown)
    described = [member.describe() for member in members]
    run.update_manifest(seconds=round(sum(each["seconds"] for each in described), 3))
    run.commit_json(
        FOLDS,
        {
            "members": described,
            "metrics": summarise_members(described, task.metric_directions),
            OUT_OF_FOLD: {"metrics": metrics[OUT_OF_FOLD], INTERVALS: metrics[INTERVALS].get(OUT_OF_FOLD, {})},
        },
    )
    if not tested:
        session = on_examples(session, {_SAMPLE: session.source.splits["train"][:_COMPARED]})
        evaluated = final.evaluate_splits(session, plan, (_SAMPLE,), watch)
        unknown = add_distances(unknown, session, plan, evaluated, watch)
    split = next(iter(evaluated))
    saved_model.save_model(session, run, split, evaluated[split], unknown)


def average_over_seeds(task: Task, members: Sequence[Member], measured: Mapping[str, Evaluated]) -> Evaluated:
    """Return what every example got from models that were not trained on it: the mean over the seeds."""
    turns: dict[int, list[Evaluated]] = {}
    for member in members:
        turns.setdefault(member.fold.turn, []).append(measured[member.fold.place])
    joined = [_join(parts) for parts in turns.values()]
    return Evaluated(joined[0].indices, task.average([each.measured for each in joined]))


def _join(parts: Sequence[Evaluated]) -> Evaluated:
    """Return what was measured of the folds of one seed, in the order of the examples."""
    indices = np.concatenate([part.indices for part in parts])
    order = np.argsort(indices)
    names = parts[0].measured
    return Evaluated(
        indices[order], {name: np.concatenate([part.measured[name] for part in parts])[order] for name in names}
    )


def list_rows(
    session: Session,
    members: Sequence[Member],
    measured: Mapping[str, Evaluated],
    unknown: FoundUnknown | None = None,
) -> list[dict[str, Any]]:
    """Return the rows of out_of_fold.csv: every example once for each seed, with what its member answered."""
    texts, rows = session.source.recorded_labels, []
    shows_names = session.config.output.examples
    for member in members:
        found = measured[member.fold.place]
        columns = session.task.prediction_columns(found.measured)
        if unknown is not None and (own_distances := member.read_unknown()) is not None:
            columns = {**columns, **unknown.answers.columns(own_distances[1])}
        for position, index in enumerate(found.indices.tolist()):
            own = {name: values[position] for name, values in columns.items()}
            rows.append(
                {
                    "input": session.source.keys[index] if shows_names else index,
                    "label": texts[index],
                    "seed": member.fold.turn,
                    "fold": member.fold.number,
                    **{name: value for name, value in own.items() if name != "label"},
                }
            )
    return rows


def describe_member(name: str, member: Mapping[str, Any], task: Task) -> str:
    """Return one line about a finished member: its figures on the examples of its fold."""
    shown = [metric for metric in task.metric_directions if member["metrics"].get(metric) is not None][:3]
    figures = ", ".join(f"{metric.replace('_', ' ')} {member['metrics'][metric]:.4g}" for metric in shown)
    return f"{name}: {figures} on {member['validated']} examples, {member['seconds']:.1f} s in epochs"
