"""The history of a run: a row per phase and epoch."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

from kerastune_ft.rundir import RunDirectory
from kerastune_ft.tasks.base import Task


def columns(task: Task) -> tuple[str, ...]:
    """Return the columns of the history of a task."""
    train = (f"train_{name}" for name in ("loss", *task.training_metrics))
    validation = (f"validation_{name}" for name in task.metric_directions)
    return ("phase", "epoch", "step", "seconds", "learning_rate", *train, *validation)


def write_history(run: RunDirectory, task: Task, folders: Sequence[str], name: str = "history.csv") -> None:
    """Write one history, the run's history.csv or another, from the histories of the phases that have begun."""
    rows: list[dict[str, str]] = []
    for folder in folders:
        if run.exists(f"{folder}/history.csv"):
            rows.extend(csv.DictReader(io.StringIO(run.read_bytes(f"{folder}/history.csv").decode())))
    run.commit_csv(name, columns(task), rows)
