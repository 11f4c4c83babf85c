"""Exports of finished runs, and what is measured again of an export."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from kerastune_ft.api.use.open_model import open_model
from kerastune_ft.errors import explain_exhaustion
from kerastune_ft.rundir import RunDirectory


def export_run(
    target: RunDirectory, format_name: str, output: str | os.PathLike[str] | None, **options: Any
) -> dict[str, Any]:
    """Write an export of a run and return its export.json, with the folder under `folder`; see `Run.export`.

    `options` are those of `exporting.formats.base.ExportOptions`.
    """
    work = "in an export", "free some; an export needs a few times the size of the model"
    with open_model(target, *work, shows_figures=True) as (settings, watch):
        from kerastune_ft.exporting import place
        from kerastune_ft.exporting.export import export
        from kerastune_ft.exporting.formats.base import ExportOptions

        folder = place.choose_place(target, format_name, output)
        made = export(target, settings, format_name, folder, ExportOptions(**options), watch)
        return {"folder": str(folder), **made}


def benchmark(folder: str | os.PathLike[str]) -> dict[str, Any]:
    """Measure the latency of an export again and return its export.json with the new figures; nothing is written."""
    from kerastune_ft.exporting.benchmark import benchmark as measure

    with explain_exhaustion():
        return {"folder": os.fspath(folder), **measure(Path(folder))}
