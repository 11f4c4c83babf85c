"""Lists that print as tables: the runs of a directory, the keys of a configuration."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from kerastune_ft.api.engine import Overrides, list_overrides
from kerastune_ft.config import provenance
from kerastune_ft.config.provenance import Origin
from kerastune_ft.reporting import run_list
from kerastune_ft.reporting.notebook.tables import Listing, Rows
from kerastune_ft.reporting.terminal.fitting import FittedTable
from kerastune_ft.reporting.terminal.runs_table import build_runs_table
from kerastune_ft.reporting.terminal.tables import build_rows_table


def runs(directory: str | os.PathLike[str] = "runs") -> Rows:
    """Return a row for every run in a directory, the newest last; it prints as a table.

    A row is a dict with `run`, `state`, `phase`, `epoch`, `data`, `backbone`, `monitor` and its best `value` in the
    last phase that has one, `test` (metrics by name), `started`, `seconds` of training, `message`. Raises ConfigError
    where there is no directory.
    """
    return Rows(run_list.runs(directory), build_runs_table, f"no run in {os.fspath(directory)}")


def explain(source: str | Path | Mapping[str, Any], overrides: Overrides = ()) -> Listing[Origin]:
    """Return path (as `--set` takes it), value and origin of every key of a configuration; they print as a table.

    Model and data are not opened. Raises ConfigError if the configuration has problems.

    >>> next(row for row in explain("medical", ["seed=3"]) if row.path == "seed").origin
    '--set'
    """

    def build(rows: Sequence[Origin]) -> FittedTable:
        return build_rows_table([row.cells() for row in rows])

    return Listing(provenance.explain(source, list_overrides(overrides)), build, "no keys")
