from __future__ import annotations

import contextlib
import io
import os
import sys
import time
from typing import Any

import pytest
from rich.console import Console

from kerastune_ft.reporting import progress
from kerastune_ft.reporting.progress import Bars, Lines

PHASE = {
    "name": "top", "trains": ["block16", "head"], "trainable_parameters": 205_400, "trainable_share": 0.5,
    "steps": 60, "epochs": 2, "monitor": "validation_loss",
}  # fmt: skip
ROW = {
    "phase": "top",
    "epoch": 1,
    "train_loss": 0.5,
    "validation_loss": 0.25,
    "validation_accuracy": 0.75,
    "seconds": 1.2,
}
RESULT: dict[str, Any] = {
    "name": "top", "monitor": "validation_loss", "best_epoch": 1, "epochs": 2, "best": {"validation_loss": 0.25},
    "seconds": 3.4, "frozen": {"variables": 256}, "updated": {"variables": 0},
}  # fmt: skip


def test_a_line_per_epoch_on_standard_error_and_in_the_log(capsys: pytest.CaptureFixture[str]) -> None:
    log: list[str] = []
    watch = Lines(log.append)
    watch.phase_started(PHASE, 0)
    watch.step_done(3, 0.5)
    watch.epoch_done(ROW, True)
    watch.phase_done(RESULT)
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.splitlines() == log
    assert log[0].startswith("phase top: trains block16, head (205.4 k parameters, 50 %), 60 steps in at most 2 epochs")
    assert log[1] == (
        "top  epoch 1/2  train loss 0.5000  validation loss 0.2500  validation accuracy 0.7500  1.2 s  best so far"
    )
    assert "best epoch 1 of 2" in log[2]
    assert "256 frozen variables bit-identical" in log[2]


def test_a_phase_that_trained_everything_tells_so() -> None:
    told = progress.describe_phase_end({**RESULT, "frozen": {**RESULT["frozen"], "variables": 0}})
    assert told.endswith("; nothing was frozen")


def test_updated_statistics_are_told() -> None:
    assert progress.describe_phase_end(RESULT).endswith("256 frozen variables bit-identical")
    updated = {**RESULT, "updated": {"variables": 8}}
    assert progress.describe_phase_end(updated).endswith("bit-identical, 8 BatchNorm statistics updated")


def test_a_phase_of_scattered_units_names_no_range_over_frozen_ones(capsys: pytest.CaptureFixture[str]) -> None:
    watch = Lines(lambda line: None)
    watch.run_started("runs/a-1", {}, {"backbone": {"units": [{"id": f"block{number}"} for number in range(1, 17)]}})
    trains = ["block1", *(f"block{number}" for number in range(10, 17)), "head"]
    watch.phase_started({**PHASE, "trains": trains}, 0)
    assert "trains block1, block10 … head (" in capsys.readouterr().err


def test_a_phase_that_goes_on_says_from_where() -> None:
    assert progress.describe_phase_start(PHASE, 7).endswith("; going on after step 7")


@pytest.mark.parametrize("loss", [0.5, None])
def test_long_work_says_something_every_minute(monkeypatch: pytest.MonkeyPatch, loss: float | None) -> None:
    clock = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])
    log: list[str] = []
    watch = Lines(log.append)
    watch.phase_started(PHASE, 0)
    log.clear()
    for step in range(1, 7):
        clock[0] += 25
        watch.step_done(step, loss)
    assert [line.split("  ")[1] for line in log] == ["step 3/60", "step 6/60"]
    clock[0] += 61
    watch.work("evaluating test", 5, 10)
    assert log[-1] == "evaluating test  5/10"


def test_other_work_tells_how_fast_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])
    log: list[str] = []
    watch = Lines(log.append)
    for done in (100, 300, 500, 700, 900, 1100):
        watch.work("storing features", done, 1233)
        clock[0] += 20
    assert log == ["storing features  700/1233  10 a second"]
    watch.work("storing features (view 2)", 10, 1233)
    clock[0] += 60
    watch.work("storing features (view 2)", 310, 1233)
    assert log[-1] == "storing features (view 2)  310/1233  5 a second"


def test_bars_leave_the_same_lines() -> None:
    screen = io.StringIO()
    log: list[str] = []
    watch = Bars(Console(file=screen, force_terminal=True, width=200, highlight=False), log.append)
    watch.phase_started(PHASE, 2)
    watch.step_done(3, None)
    watch.step_done(4, 0.5)
    watch.epoch_done(ROW, False)
    watch.phase_done(RESULT)
    watch.work("evaluating test", 5, 10)
    watch.close()
    watch.close()
    assert [line.split()[0] for line in log] == ["phase", "top", "phase"]
    for line in log:
        assert line in screen.getvalue()


def test_bars_are_shown_on_the_terminal_that_standard_error_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """While a bar is shown, rich puts a stream of its own in the place of standard error."""
    reading, writing = os.openpty()
    monkeypatch.setattr(sys, "stderr", open(writing, "w", encoding="utf-8"))  # noqa: SIM115  closed below
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    log: list[str] = []
    watch = progress.create_watcher(log.append)
    assert type(watch) is Bars
    watch.phase_started(PHASE, 0)
    watch.step_done(3, 0.5)
    watch.epoch_done(ROW, True)
    # The terminal goes away.
    os.close(reading)
    watch.epoch_done({**ROW, "epoch": 2}, True)
    watch.phase_done(RESULT)
    watch.close()
    assert len(log) == 4
    with contextlib.suppress(OSError):
        sys.stderr.close()


def test_one_is_singular_and_a_loss_that_diverges_stays_short() -> None:
    assert "1 step in at most 1 epoch" in progress.describe_phase_start({**PHASE, "steps": 1, "epochs": 1}, 0)
    line = progress.describe_epoch({**ROW, "train_loss": 165989284866769429315400096546816.0}, 2, False)
    assert "train loss 1.660e+32  validation loss 0.2500" in line


def test_an_epochs_line_shows_the_metric_that_judges_it() -> None:
    row = {"phase": "top", "epoch": 1, "seconds": 1.0, "train_loss": 0.5, "validation_loss": 0.4}
    row |= {"validation_accuracy": 0.75, "validation_macro_f1": 0.625}
    assert "validation accuracy 0.7500" in progress.describe_epoch(row, 2, True)
    assert "validation macro F1 0.6250" in progress.describe_epoch(row, 2, True, "validation_macro_f1")
