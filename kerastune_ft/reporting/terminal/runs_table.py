"""The runs of a directory as a table for the terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from kerastune_ft.data.in_memory.written_names import shorten_data_name
from kerastune_ft.reporting.quantities import format_duration, format_figure, format_moment, format_words
from kerastune_ft.reporting.terminal.fitting import FittedTable
from kerastune_ft.reporting.terminal.tables import build_rows_table


def build_runs_table(rows: Sequence[Mapping[str, Any]]) -> FittedTable:
    """Return a row per run: its state, and the monitored metric at its best epoch and on the test split."""
    return build_rows_table([_build_row(row) for row in rows])


def _build_row(row: Mapping[str, Any]) -> dict[str, Any]:
    epoch, started = row["epoch"], row["started"]
    metric = None if row["monitor"] is None else str(row["monitor"]).partition("_")[2]
    return {
        "run": Path(row["run"]).name,
        "state": row["state"],
        "phase": f"{row['phase']} {epoch}" if row["phase"] and epoch else row["phase"],
        "data": row["data"] and shorten_data_name(str(row["data"])),
        "backbone": row["backbone"] and str(row["backbone"]).partition(",")[0],
        "metric": None if metric is None else format_words(metric),
        "best": format_figure(row["value"]),
        "test": format_figure((row["test"] or {}).get(metric)),
        "started": started and format_moment(started).removesuffix(" UTC"),
        # Other than the whole time of a run, which its report has.
        "training": format_duration(row["seconds"]),
    }
