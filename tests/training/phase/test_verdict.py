"""Whether a phase leaves its best epoch or what it began with; whole runs are in tests/runs/test_kept_weights.py."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from kerastune_ft.errors import DataError, DivergedError
from kerastune_ft.rundir import RunDirectory
from kerastune_ft.training.phase import verdict
from kerastune_ft.training.phase.state import PhaseState

BEST, START = {"kernel": np.ones(1)}, {"kernel": np.zeros(1)}


def _work(monitor: str = "loss", asked: bool = True, folder: Path | None = None, **state: Any) -> Any:
    events: list[Any] = []
    session = SimpleNamespace(
        task=SimpleNamespace(metric_directions={"loss": "min", "accuracy": "max"}),
        source=SimpleNamespace(splits={"validation": np.arange(3)}),
    )
    options = SimpleNamespace(name="top", monitor=f"validation_{monitor}", keep_if_better=asked)
    run = RunDirectory(folder or Path("nowhere"))
    if folder is None:
        run.event = lambda *given, **named: events.append(named)  # type: ignore[method-assign]
    context = SimpleNamespace(run=run, watch=SimpleNamespace(note=events.append))
    plan = SimpleNamespace(refit=None)
    own = PhaseState(**state)
    return SimpleNamespace(session=session, options=options, context=context, state=own, best=BEST, phase=plan)


@pytest.mark.parametrize(
    ("monitor", "start", "best", "kept"),
    [
        ("loss", 0.5, 0.4, True),
        ("loss", 0.5, 0.6, False),
        ("loss", 0.5, 0.5, False),
        ("loss", 0.5, 0.4999999, False),
        ("loss", 0.5, 0.499999, True),
        ("accuracy", 0.5, 0.6, True),
        ("accuracy", 0.5, 0.4, False),
        ("accuracy", 0.5, 0.5, False),
    ],
)
def test_of_equals_in_six_digits_what_was_there_stays(monitor: str, start: float, best: float, kept: bool) -> None:
    name = f"validation_{monitor}"
    work = _work(monitor, start={name: start}, best={name: best})
    assert verdict.is_kept(work) is kept
    assert verdict.choose_weights(work, START) is (BEST if kept else START)
    assert verdict.describe_verdict(work) == {"kept": kept}


def test_without_the_key_nothing_is_measured_and_the_best_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    work = _work(asked=False, best={"validation_loss": 9.0})
    verdict.measure_start(work)
    assert verdict.choose_weights(work, START) is BEST
    assert verdict.describe_verdict(work) == {}


def test_it_is_measured_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verdict, "validate", lambda work: {"validation_loss": 0.25})
    work = _work()
    verdict.measure_start(work)
    monkeypatch.setattr(verdict, "validate", lambda work: pytest.fail("a phase that goes on knows it"))
    verdict.measure_start(work)
    assert work.state.start == {"validation_loss": 0.25}


def test_a_process_that_is_killed_before_its_first_checkpoint_leaves_one_event(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for value in (0.25, 0.25, 0.5):
        monkeypatch.setattr(verdict, "validate", lambda work, value=value: {"validation_loss": value})
        verdict.measure_start(_work(folder=tmp_path))
        # And half a line of the next event.
        with (tmp_path / "events.jsonl").open("a") as file:
            file.write('{"time": "2026-')
    events = [line for line in (tmp_path / "events.jsonl").read_text().split("\n") if '"start"' in line]
    assert len(events) == 2


def test_weights_that_cannot_be_measured_end_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    def diverge(work: Any) -> None:
        raise DivergedError("lower its learning_rate")

    monkeypatch.setattr(verdict, "validate", diverge)
    with pytest.raises(DivergedError, match="before its first step"):
        verdict.measure_start(_work())
    monkeypatch.setattr(verdict, "validate", lambda work: {"validation_loss": float("nan")})
    with pytest.raises(DataError, match="not defined"):
        verdict.measure_start(_work())


@pytest.mark.parametrize("kept", [True, False])
def test_a_refit_does_as_the_phase_did(kept: bool) -> None:
    work = _work()
    work.phase.refit = SimpleNamespace(kept=kept)
    verdict.measure_start(work)
    assert verdict.choose_weights(work, START) is (BEST if kept else START)
    assert verdict.describe_verdict(work) == ({} if kept else {"kept": False})
