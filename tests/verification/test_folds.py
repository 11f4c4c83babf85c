"""Verification of a cross-validation says which member, figure or weight is not what it was."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from kerastune_ft.metrics.document import FOLDS
from kerastune_ft.rundir import RunDirectory
from kerastune_ft.verification.folds import check_folds
from kerastune_ft.verification.run_record import Findings, RunRecord


@pytest.fixture
def record(tmp_path: Path) -> RunRecord:
    """A finished cross-validation of two members, as far as its figures go."""
    members = []
    for number, loss in enumerate((1.0, 3.0)):
        run = RunDirectory(tmp_path / f"folds/m_{number}")
        run.commit_json("metrics.json", {"validation": {"loss": loss}})
        members.append({"metrics": {"loss": loss}})
    run = RunDirectory(tmp_path)
    run.commit_json(FOLDS, {"members": members, "metrics": {"loss": {"mean": 2.0}}})
    run.commit_json("plan.json", {"ensemble": {"members": ["m_0", "m_1"]}, "phases": []})
    run.commit_json("config.json", {"phases": []})
    run.update_manifest(state="running")
    return RunRecord(run, False)


def check(record: RunRecord) -> list[str]:
    findings = Findings()
    check_folds(record, findings, lambda member: [])
    return [str(each) for each in findings.found]


def test_members_under_way_are_checked_and_means_once_all_are_done(record: RunRecord) -> None:
    assert check(record) == []
    figures = json.loads((record.run.path / FOLDS).read_text())
    figures["metrics"]["loss"]["mean"] = 2.5
    figures["members"][1]["metrics"]["loss"] = 4.0
    record.run.commit_json(FOLDS, figures)
    record.run.update_manifest(state="done")
    (record.run.path / "folds/m_1/metrics.json").unlink()
    assert "lacks the finished members m_1" in check(RunRecord(record.run, False))[0]


def test_figures_that_are_not_the_members(record: RunRecord, monkeypatch: pytest.MonkeyPatch) -> None:
    figures = json.loads((record.run.path / FOLDS).read_text())
    figures["metrics"]["loss"]["mean"] = float(np.nextafter(2.0, 3.0)) + 0.5
    record.run.commit_json(FOLDS, figures)
    record.run.update_manifest(state="done")
    monkeypatch.setattr("kerastune_ft.verification.folds._check_model", lambda *given: None)
    assert "the mean of loss is 2.5" in check(RunRecord(record.run, False))[0]
