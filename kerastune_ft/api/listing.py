"""The runs of a directory."""

from __future__ import annotations

import os

from kerastune_ft.reporting import run_list
from kerastune_ft.reporting.notebook.tables import Rows
from kerastune_ft.reporting.terminal.runs_table import build_runs_table


def runs(directory: str | os.PathLike[str] = "runs") -> Rows:
    """Return a row for every run in a directory, the newest last; it prints as a table.

    A row is a dict with `run`, `state`, `phase`, `epoch`, `data`, `backbone`, `monitor` and its best `value` in the
    last phase that has one, `test` (metrics by name), `started`, `seconds` of training, `message`. Raises ConfigError
    where there is no directory.
    """
    return Rows(run_list.runs(directory), build_runs_table, f"no run in {os.fspath(directory)}")
