"""Where the time of a run went, as a table of the terminal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kerastune_ft.reporting.quantities import format_share
from kerastune_ft.reporting.terminal.fitting import FittedTable
from kerastune_ft.reporting.terminal.tables import build_rows_table

_PHASES = "phases"


def list_parts(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return a row per part of what profile/profile.json holds: whose time, the part, seconds, and their share.

    Parts of a phase have the phase's name and shares of its time; those of the whole process have none.
    """
    rows = []
    for part, seconds in document["parts"].items():
        if part != _PHASES:
            rows.append(_make_row("", part, seconds, document["seconds"]))
            continue
        for phase in document["phases"]:
            rows.append(_make_row(phase["name"], f"{phase['steps']} steps", phase["seconds"], document["seconds"]))
            parts = sorted(phase["parts"].items(), key=lambda item: -item[1])
            rows += [_make_row(phase["name"], each, took, phase["seconds"]) for each, took in parts]
    return rows


def _make_row(phase: str, part: str, seconds: float, whole: float) -> dict[str, Any]:
    return {"phase": phase, "part": part, "seconds": seconds, "share": seconds / whole if whole else 0.0}


def build_profile_table(document: Mapping[str, Any]) -> FittedTable:
    """Return what profile/profile.json holds as a table; the parts of a phase are below it, the largest first."""
    return build_rows_table(
        [
            {**row, "seconds": f"{row['seconds']:.3f}", "share": format_share(row["share"])}
            for row in list_parts(document)
        ]
    )
