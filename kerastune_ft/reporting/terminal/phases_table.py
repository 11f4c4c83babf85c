"""The phases of a run as a table for the terminal: what each gained, and what it cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from kerastune_ft.reporting.quantities import (
    ABSENT,
    format_change,
    format_duration,
    format_figure,
    format_share,
    format_whole,
    format_words,
)
from kerastune_ft.reporting.terminal.fitting import Column, FittedTable


def build_phases_table(rows: Sequence[Mapping[str, Any]]) -> FittedTable:
    """Return a row per phase of `summarise_phases`."""
    cells = [_build_row(row) for row in rows]
    if all(row["state"] == "done" for row in rows):
        cells = [{name: cell for name, cell in row.items() if name != "state"} for row in cells]
    return FittedTable(
        [Column(name, [row[name] for row in cells], numeric=name in _NUMERIC) for name in (cells[0] if cells else ())]
    )


_NUMERIC = frozenset({"epochs", "steps", "before", "after", "gain", "time", "share"})


def _build_row(row: Mapping[str, Any]) -> dict[str, str]:
    return {
        "phase": str(row["name"]),
        "state": str(row["state"]),
        "trains": str(row["units"]),
        "epochs": f"{format_whole(row['epochs'])} of {format_whole(row['planned_epochs'])}",
        "steps": format_whole(row["steps"]),
        "features": row["features"] or ABSENT,
        "monitor": format_words(str(row["monitor"])).removeprefix("validation "),
        "before": format_figure(row["before"]),
        "after": format_figure(row["after"]),
        "gain": format_change(row["gain"]),
        "moved": describe_moves(row["moved"]) or ABSENT,
        "time": format_duration(row["seconds"]),
        "share": format_share(row["share"]),
    }


def describe_moves(moved: Mapping[str, float]) -> str:
    """Return how far units moved, from the least to the most: `0.5 % (block10) to 3.0 % (head)`; empty for none."""
    if not moved:
        return ""
    ordered = sorted(moved.items(), key=lambda pair: pair[1])
    ends = ordered if len(ordered) == 1 else [ordered[0], ordered[-1]]
    return " to ".join(f"{format_share(distance)} ({unit})" for unit, distance in ends)
