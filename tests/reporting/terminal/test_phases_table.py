from __future__ import annotations

import random

from kerastune_ft.reporting.notebook.tables import write_table
from kerastune_ft.reporting.phase_results import add_shares, summarise_phases
from kerastune_ft.reporting.terminal.fitting import fit_columns
from kerastune_ft.reporting.terminal.phases_table import build_phases_table, describe_moves
from tests.support import run_files


def test_a_row_has_gain_and_cost() -> None:
    plan = run_files.plan_document()
    history = run_files.history_rows(plan, random.Random(1))
    rows = summarise_phases(plan, run_files.manifest_document(plan, history), history)
    add_shares(rows, 138.0)
    table = build_phases_table(rows)
    text = write_table(table)
    assert "everything" in text and "stored" in text and "25 %" in text
    kept, _ = fit_columns(table.columns, 80)
    assert {"phase", "monitor", "before", "after", "gain", "time"} <= {column.heading for column in kept}


def test_nothing_makes_an_empty_table() -> None:
    assert build_phases_table([]).columns == []


def test_moves_are_said_by_the_least_and_the_most() -> None:
    assert describe_moves({}) == ""
    assert describe_moves({"head": 0.5}) == "50 % (head)"
    assert describe_moves({"top": 0.02, "stem": 0.0001, "head": 0.5}) == "< 0.1 % (stem) to 50 % (head)"
