"""The members of a cross-validation as a table of the terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from kerastune_ft.reporting.fold_lines import write_fold
from kerastune_ft.reporting.terminal.fitting import FittedTable
from kerastune_ft.reporting.terminal.tables import build_rows_table


def build_folds_table(rows: Sequence[Mapping[str, Any]]) -> FittedTable:
    """Return the members, rows of `fold_lines.list_folds`, as a table."""
    return build_rows_table([write_fold(row) for row in rows])
