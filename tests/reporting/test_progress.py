from __future__ import annotations

import contextlib
import io
import os
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from kerastune_ft import streams
from kerastune_ft.reporting import progress
from kerastune_ft.reporting.notebook.panel import open_panel
from kerastune_ft.reporting.progress import Bars, Lines
from tests.support.kernels import be_in
from tests.support.run_files import write_run

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
    said = captured.err.splitlines()
    assert (said[0], said[2]) == (log[0], log[2])
    assert log[0].startswith("phase top: trains block16, head (205.4 k parameters, 50 %), 60 steps in at most 2 epochs")
    assert said[1] == "top 1/2  loss 0.5000  val loss 0.2500  val accuracy 0.7500  1.2 s  best"
    assert log[1] == "top 1/2  train loss 0.5000  validation loss 0.2500  validation accuracy 0.7500  1.2 s  best"
    assert "best epoch 1 of 2" in log[2]
    assert "256 frozen variables bit-identical" in log[2]


def test_a_phase_that_trained_everything_tells_so() -> None:
    told = progress.describe_phase_end({**RESULT, "frozen": {**RESULT["frozen"], "variables": 0}})
    assert told.endswith("; nothing was frozen")


def test_updated_statistics_are_told() -> None:
    assert progress.describe_phase_end(RESULT).endswith("256 frozen variables bit-identical")
    updated = {**RESULT, "updated": {"variables": 8}}
    assert progress.describe_phase_end(updated).endswith("bit-identical, 8 BatchNorm statistics updated")


def test_the_end_of_a_phase_says_gain_cost_and_moves() -> None:
    later = {
        **RESULT, "steps": 60, "features": {"train": "stored"}, "start": {"metrics": {"validation_loss": 0.5}},
        "distances": {"start": {"weights": {"top": 0.004, "head": 0.02}}},
    }  # fmt: skip
    assert progress.describe_phase_end(later) == (
        "phase top done: best epoch 1 of 2, validation loss 0.2500 from 0.5000, 60 steps on stored features in 3.4 s; "
        "moved 0.4 % (top) to 2 % (head); 256 frozen variables bit-identical"
    )
    computed = {**later, "features": {"train": "computed"}, "start": None}
    assert "validation loss 0.2500, 60 steps in 3.4 s; " in progress.describe_phase_end(computed)


def test_a_solver_says_its_iterations_and_whether_they_were_enough() -> None:
    begun = progress.describe_phase_start({**PHASE, "solver": {"l2": 0.01}}, 0)
    assert begun.endswith(f"to its optimum by a solver in at most {PHASE['epochs']} iterations")
    found = {"l2": 0.01, "iterations": 14, "loss": 0.2, "penalty": 0.05, "converged": True}
    ended = {**RESULT, "solver": found, "features": {"train": "stored"}, "steps": 14}
    said = "the optimum after 14 iterations, loss 0.2000 + penalty 0.0500"
    assert f"phase top done: {said}, validation loss 0.2500, on stored features in 3.4 s; " in (
        progress.describe_phase_end(ended)
    )
    again = progress.describe_phase_end({**ended, "refit": {"best_epoch": 9}})
    assert f"refit of phase top done: {said}, on stored features in 3.4 s; " in again


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
    for line in (log[0], log[2], "top 1/2  loss 0.5000  val loss 0.2500"):
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
    assert "loss 1.660e+32  val loss 0.2500" in line


def test_an_epochs_line_shows_the_metric_that_judges_it() -> None:
    row = {"phase": "top", "epoch": 1, "seconds": 1.0, "train_loss": 0.5, "validation_loss": 0.4}
    row |= {"validation_accuracy": 0.75, "validation_macro_f1": 0.625}
    assert "val accuracy 0.7500" in progress.describe_epoch(row, 2, True)
    assert "val macro F1 0.6250" in progress.describe_epoch(row, 2, True, "validation_macro_f1")


def test_the_lines_of_a_phase_fit_into_80_columns_and_have_one_form() -> None:
    row = {"phase": "augmented", "seconds": 12.3, "train_loss": 0.5, "validation_loss": 0.25}
    row["validation_mean_average_precision"] = 0.75
    lines = [progress.describe_epoch({**row, "epoch": number}, 20, number == 9) for number in range(1, 21)]
    assert max(map(len, lines)) <= 80
    assert all("val mean average precision 0.7500" in line and " loss 0.5" not in line for line in lines)
    assert lines[8].endswith("  best")


def test_the_log_ends_with_the_metrics_of_every_split(capsys: pytest.CaptureFixture[str]) -> None:
    log: list[str] = []
    measured = {"validation": {"loss": 0.5}, "test": {"loss": 0.25, "macro_f1": 0.75, "auc": None}, "intervals": {}}
    Lines(log.append).run_done("done", "", measured)
    assert log == ["validation  loss 0.5000", "test  loss 0.2500  macro F1 0.7500"]
    assert capsys.readouterr().err == "", "the command prints them as its result"


def test_quiet_says_nothing_and_still_logs_and_verbose_says_all(capsys: pytest.CaptureFixture[str]) -> None:
    log: list[str] = []
    put_back = streams.choose_detail(streams.Detail.QUIET)
    try:
        watch = progress.create_watcher(log.append)
        watch.phase_started(PHASE, 0)
        watch.epoch_done(ROW, True)
        assert (type(watch), len(log), capsys.readouterr().err) == (Lines, 2, "")
    finally:
        put_back()
    put_back = streams.choose_detail(streams.Detail.VERBOSE)
    try:
        watch.epoch_done(ROW, True)
        (line,) = capsys.readouterr().err.splitlines()
        assert line.endswith(f" {log[-1]}")
        assert line[2] == line[5] == ":"
    finally:
        put_back()


def test_sentences_on_a_terminal_are_broken_between_words() -> None:
    screen = io.StringIO()
    watch = Bars(Console(file=screen, force_terminal=True, width=40, highlight=False), lambda line: None)
    path = "/a/path/that/is/longer/than/the/forty/columns/there/are"
    watch.note(f"the features of 1,280 examples are kept in {path} from now on")
    lines = screen.getvalue().splitlines()
    assert lines[0] == "the features of 1,280 examples are kept"
    assert path in (line.strip() for line in lines), "a path can be copied as a whole"


def test_in_a_notebook_progress_is_one_output(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    shown = be_in(monkeypatch)
    run = write_run(tmp_path / "x-1")
    log: list[str] = []
    with open_panel():
        watch = progress.create_watcher(log.append)
        watch.run_started(str(run), {}, {})
        watch.note("the data has 3 classes")
        watch.phase_started(PHASE, 0)
        watch.step_done(3, 0.5)
        watch.epoch_done(ROW, True)
        watch.work("evaluating", 1, 1)
        watch.phase_done(RESULT)
        watch.run_done("done", "", {"test": {"accuracy": 0.9}})
        watch.close()
    assert [how for how, _ in shown] == ["shown"] + ["updated"] * (len(shown) - 1)
    last = shown[-1][1]["text/plain"].splitlines()
    assert last[0].split() == ["test", "this", "model", "constant"]
    assert [line.split()[0] for line in last[-4:]] == ["the", "phase", "top", "phase"]
    assert "hint:" in [line.split()[0] for line in last[5:-4]], "what the figures mean stands before the lines"
    assert [line.split()[0] for line in log] == ["the", "phase", "top", "phase", "test"]


def test_a_terminal_is_none_of_a_notebook(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a panel nothing shows widgets, as rich would in a notebook."""
    be_in(monkeypatch)
    assert type(progress.create_watcher(lambda line: None)) is Lines
