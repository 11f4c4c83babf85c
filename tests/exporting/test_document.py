from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from kerastune_ft.errors import ConfigError
from kerastune_ft.exporting.answers.base import Compared, Flip
from kerastune_ft.exporting.document import build_rows, describe_comparison, list_flips, read_document

FLIP = Flip("a.png", "cat", "dog", 0.0004)
COMPARED = Compared(np.array([0.0, 0.0005]), "of a probability", [FLIP], "accuracy", 1.0, 0.5)
DOCUMENT = {
    "files": {"model": 2_500_000, "labels.json": 3},
    "compared": describe_comparison(COMPARED, "test", 0.001),
    "latency": {"1": {"cpu_ms": 1.0, "wall_ms": 2.0}},
    "headlines": [("test_accuracy", 0.75)],
}


def test_the_table_has_every_figure() -> None:
    rows = {row["figure"]: row["value"] for row in build_rows(DOCUMENT)}
    assert rows == {
        "size": "2.50 MB in 2 files",
        "latency, batch of 1": "1.00 ms CPU, 2.00 ms wall",
        "largest difference": "0.0005 of a probability (at most 0.001)",
        "flips": "1",
        "compared on": "2 examples (test)",
        "accuracy": "0.5 on them (the run's 1)",
        "test accuracy": "0.75 of the run",
    }
    assert list_flips(DOCUMENT) == ["a.png: cat by the run, dog by the export (0.0004 apart)"]


def test_what_is_no_export_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="is no export"):
        read_document(tmp_path)
    (tmp_path / "export.json").write_text("{")
    with pytest.raises(ConfigError, match="damaged"):
        read_document(tmp_path)
    (tmp_path / "export.json").write_text('{"version": 99}')
    with pytest.raises(ConfigError, match="not of a version"):
        read_document(tmp_path)
