"""The end of an epoch: its row, the best weights, and where training stops."""

from __future__ import annotations

import time
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from kerastune_ft.training.phase.epochs import epoch_end
from kerastune_ft.training.phase.state import PhaseState


def _work(state: PhaseState, monkeypatch: pytest.MonkeyPatch, losses: list[float]) -> Any:
    """Return work on two validation examples of these losses, its last step made."""
    monkeypatch.setattr(epoch_end, "validate", lambda work: {"validation_loss": float(np.mean(losses))})
    monkeypatch.setattr(epoch_end, "write_progress", lambda work, at_once: None)
    task = SimpleNamespace(
        training_metrics=("accuracy",),
        metric_directions={"loss": "min"},
    )
    source = SimpleNamespace(splits={"validation": np.arange(2)})
    session = SimpleNamespace(task=task, source=source, devices=None, values=lambda paths: {"kernel": np.ones(1)})
    watch = SimpleNamespace(epoch_done=lambda row, is_best: None, note=lambda text: None)
    return SimpleNamespace(
        context=SimpleNamespace(watch=watch, run=SimpleNamespace(event=lambda name, **row: None)),
        session=session,
        options=SimpleNamespace(name="head", monitor="validation_loss", early_stopping=None, steps=None),
        phase=SimpleNamespace(batch_size=2, steps=4, changing=("kernel",), refit=None),
        prepared=SimpleNamespace(step=None, skipped_steps=0, norms=None, average=None),
        checkpoints=SimpleNamespace(is_due=lambda step, epoch_ended: False),
        feed=None,
        rates=np.array([0.5, 0.25, 0.125, 0.0625], np.float32),
        state=state,
        best={},
        measured_values=lambda: session.values(()),
    )


def test_the_row_has_means_over_the_examples_and_the_rate_of_the_last_step(monkeypatch: pytest.MonkeyPatch) -> None:
    work = _work(PhaseState(step=2, epoch_steps=2, sums=[8.0, 4.0, 6.0]), monkeypatch, [1.0, 2.0])
    epoch_end.end_epoch(work, time.monotonic())
    row = work.state.history[0]
    assert (row["train_loss"], row["train_accuracy"], row["validation_loss"]) == (0.5, 0.75, 1.5)
    assert (row["epoch"], row["step"], row["learning_rate"]) == (1, 2, 0.25)
    assert (work.state.best_step, work.state.stopped, list(work.best)) == (2, None, ["kernel"])
    assert (work.state.epoch_steps, work.state.sums) == (0, [])


def test_the_phase_stops_at_its_last_step_and_a_worse_epoch_keeps_the_best(monkeypatch: pytest.MonkeyPatch) -> None:
    state = PhaseState(step=4, epoch=1, sums=[1.0, 1.0, 1.0], best={"validation_loss": 1.0}, best_epoch=1, best_step=2)
    work = _work(state, monkeypatch, [2.0, 2.0])
    epoch_end.end_epoch(work, time.monotonic())
    assert (state.stopped, state.best_epoch, state.best_step, work.best) == ("epochs", 1, 2, {})
