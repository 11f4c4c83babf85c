"""Explanations of the answers of finished runs."""

from __future__ import annotations

import contextlib
from typing import Any

from kerastune_ft.api.engine import load_engine
from kerastune_ft.api.finished import describe_damage, explain_faults, note_use, read_settings
from kerastune_ft.errors import ConfigError, explain_exhaustion, explain_memory
from kerastune_ft.explaining import EXPLAINED
from kerastune_ft.reporting.progress import create_watcher
from kerastune_ft.rundir import RunDirectory
from kerastune_ft.streams import say_error


def explain_run(target: RunDirectory, examples: int = EXPLAINED) -> dict[str, Any]:
    """Explain answers of a run and return what evaluation/explanations.json holds; see `Run.explain`."""
    if examples < 1:
        raise ConfigError(f"--explain: {examples} examples are none; give a number above 0")
    watch = create_watcher(lambda line: None)
    with (
        explain_exhaustion(),
        explain_memory("in explanations", "free some; they need a few times the size of the model"),
        explain_faults(target),
        contextlib.closing(watch),
    ):
        settings = read_settings(target)
        note_use(target, watch)
        if damaged := describe_damage(target):
            say_error(f"{target}: {damaged}")
        load_engine()
        from kerastune_ft.explaining.explain import explain

        return explain(target, settings, examples, watch)
