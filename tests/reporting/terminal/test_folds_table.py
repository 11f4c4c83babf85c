from __future__ import annotations

from kerastune_ft.reporting.notebook.tables import write_table
from kerastune_ft.reporting.terminal.folds_table import build_folds_table


def test_a_row_per_member_that_fits_a_terminal() -> None:
    metrics = {"loss": 0.25, "accuracy": 0.9, "macro_f1": 0.9, "auc": 0.99, "balanced_accuracy": 0.9}
    about = {"seed": 0, "fold": 4, "trained": 40_000, "validated": 10_000, "seconds": 4000.0}
    lines = write_table(build_folds_table([{**about, **metrics}])).splitlines()
    assert max(map(len, lines)) <= 80 and len(lines) == 3
    assert "0.9900" in lines[2] and "balanced" not in lines[0]
