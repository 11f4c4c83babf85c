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


def read_rows(run: RunDirectory, folder: str) -> list[dict[str, str]]:
    """Return the rows of the history of a phase, as text; none before its first epoch has ended."""
    name = f"{folder}/history.csv"
    return list(csv.DictReader(io.StringIO(run.read_bytes(name).decode()))) if run.exists(name) else []


def write_history(run: RunDirectory, task: Task, folders: Sequence[str], name: str = "history.csv") -> None:
    """Write one history, the run's history.csv or another, from the histories of the phases that have begun."""
    run.commit_csv(name, columns(task), [row for folder in folders for row in read_rows(run, folder)])
