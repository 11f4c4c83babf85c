"""Explanations of the answers of finished runs."""

from __future__ import annotations

from typing import Any

from kerastune_ft.api.use.open_model import open_model
from kerastune_ft.errors import ConfigError
from kerastune_ft.explaining import EXPLAINED
from kerastune_ft.rundir import RunDirectory


def explain_run(target: RunDirectory, examples: int = EXPLAINED) -> dict[str, Any]:
    """Explain answers of a run and return what evaluation/explanations.json holds; see `Run.explain`."""
    if examples < 1:
        raise ConfigError(f"--explain: {examples} examples are none; give a number above 0")
    work = "in explanations", "free some; they need a few times the size of the model"
    with open_model(target, *work, shows_figures=True) as (settings, watch):
        from kerastune_ft.explaining.explain import explain

        return explain(target, settings, examples, watch)
