"""Exports of finished runs, and what is measured again of an export."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import Any

from kerastune_ft.api.engine import load_engine
from kerastune_ft.api.finished import describe_damage, explain_faults, note_use, read_settings
from kerastune_ft.errors import explain_exhaustion, explain_memory
from kerastune_ft.reporting.progress import create_watcher
from kerastune_ft.rundir import RunDirectory
from kerastune_ft.streams import say_error

SAMPLES = 100
"""The number of examples that an export is compared on."""


def export_run(
    target: RunDirectory, format_name: str, output: str | os.PathLike[str] | None, **options: Any
) -> dict[str, Any]:
    """Write an export of a run and return its export.json, with the folder under `folder`; see `Run.export`.

    `options` are those of `exporting.formats.base.ExportOptions`.
    """
    watch = create_watcher(lambda line: None)
    with (
        explain_exhaustion(),
        explain_memory("in an export", "free some; an export needs a few times the size of the model"),
        explain_faults(target),
        contextlib.closing(watch),
    ):
        settings = read_settings(target)
        note_use(target, watch)
        if damaged := describe_damage(target):
            say_error(f"{target}: {damaged}")
        load_engine()
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
