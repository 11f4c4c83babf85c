"""The history of a run: a row per phase and epoch."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

from kerastune_ft.rundir import RunDirectory

COLUMNS = (
    "phase", "epoch", "step", "seconds", "learning_rate", "train_loss", "train_accuracy",
    "validation_loss", "validation_accuracy", "validation_macro_f1", "validation_auc",
)  # fmt: skip


def write_history(run: RunDirectory, folders: Sequence[str]) -> None:
    """Write history.csv from the histories of the phases that have begun."""
    rows: list[dict[str, str]] = []
    for folder in folders:
        if run.exists(f"{folder}/history.csv"):
            rows.extend(csv.DictReader(io.StringIO(run.read_bytes(f"{folder}/history.csv").decode())))
    run.commit_csv("history.csv", COLUMNS, rows)
