"""The epochs that count: those of the run as it went on, by the steps of the whole run."""

from __future__ import annotations

from pathlib import Path

from kerastune_ft.rundir import RunDirectory
from kerastune_ft.tracking.recorded import count_steps, count_steps_before, read_points
from tests.support.tracked import PHASES, finish_phase, make_row


def test_epochs_trained_again_count_once_and_diverged_ones_not_at_all(tmp_path: Path) -> None:
    run = RunDirectory(tmp_path)
    assert read_points(run, PHASES) == []
    for epoch, loss in ((1, 0.9), (2, 0.8), (2, 0.7)):
        run.event("epoch", **make_row("head", epoch, 3 * epoch, loss))
    finish_phase(run, PHASES[0], 6)
    run.event("epoch", **make_row("top", 1, 4, 99.0))
    run.event("diverged", phase="top")
    run.event("epoch", **make_row("top", 1, 4, 0.6))
    run.append("events.jsonl", '{"event": "ep')
    found = [(point.step, point.figures["train/loss"]) for point in read_points(run, PHASES)]
    assert found == [(3, 0.9), (6, 0.7), (10, 0.6)]


def test_a_refit_comes_after_all_phases(tmp_path: Path) -> None:
    run = RunDirectory(tmp_path)
    for phase in PHASES:
        finish_phase(run, phase, 5)
    run.commit_json("refit/00-head/result.json", {"steps": 7})
    run.event("epoch", **make_row("top", 1, 2), refit=True)
    assert [point.step for point in read_points(run, PHASES)] == [5 + 5 + 7 + 2]
    assert count_steps_before(run, PHASES, PHASES[1]) == 5
    assert count_steps(run, PHASES) == 17
