from __future__ import annotations

import io
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from kerastune_ft.rundir import RunDirectory
from kerastune_ft.verification.run_record import Findings, RunRecord
from kerastune_ft.verification.unknown import check_unknown
from tests.support.run_files import write_csv, write_json

DISTANCES = {"validation": [1.0, 2.0, 3.0, 9.0], "test": [4.0, 2.5]}


def write_run(
    run: Path,
    threshold: float = 6.0,
    flags: Sequence[bool] = (False, False, False, True, False, False),
    tests: int = 0,
) -> None:
    write_json(run / "config.json", {"task": {"kind": "image_classification", "unknown": 0.75}})
    write_json(run / "manifest.json", {"state": "done"})
    rows = [{"split": split, "distance": far} for split, found in DISTANCES.items() for far in found]
    write_csv(
        run / "evaluation/predictions.csv", [{**row, "unknown": flag} for row, flag in zip(rows, flags, strict=True)]
    )
    splits = {"validation": {"examples": 4, "unknown": 1}, "test": {"examples": 2, "unknown": tests}}
    write_json(run / "evaluation/unknown.json", {"threshold": threshold, "splits": splits})
    write_json(run / "model/preprocessing.json", {"unknown": {"threshold": threshold}})
    (run / "model/unknown.keras").write_bytes(b"")
    file = io.BytesIO()
    np.savez(file, threshold=threshold)
    (run / "model/unknown.npz").write_bytes(file.getvalue())


def check(run: Path) -> tuple[str | None, list[str]]:
    findings = Findings()
    said = check_unknown(RunRecord(RunDirectory(run), False), findings)
    return said, [str(finding) for finding in findings.found]


def test_answers_that_follow_from_each_other_hold(tmp_path: Path) -> None:
    write_run(tmp_path)
    assert check(tmp_path) == ("the threshold lets 0.75 of validation through, and 6 answers follow from it", [])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"threshold": 2.0}, "evaluation/unknown.json: its threshold is 2.0, and 6.0 by the validation"),
        ({"flags": (False, False, False, True, True, False)}, "its column unknown does not follow from the distances"),
        ({"tests": 1}, "evaluation/unknown.json: it has .* of test, and evaluation/predictions.csv"),
    ],
)
def test_answers_that_were_changed_are_found(tmp_path: Path, changes: dict, message: str) -> None:
    write_run(tmp_path, **changes)
    assert any(re.search(message, found) for found in check(tmp_path)[1])


def test_a_file_that_is_gone_is_named_and_runs_without_the_key_have_nothing(tmp_path: Path) -> None:
    write_run(tmp_path)
    (tmp_path / "model/unknown.npz").unlink()
    assert "model/unknown.npz: it is not there" in check(tmp_path)[1][0]
    write_json(tmp_path / "config.json", {"task": {"kind": "image_classification"}})
    assert check(tmp_path) == (None, [])
