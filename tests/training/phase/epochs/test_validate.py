"""Measuring a phase on the validation split."""

from __future__ import annotations

import contextlib
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from kerastune_ft.errors import DivergedError
from kerastune_ft.training.phase.epochs import validate
from kerastune_ft.training.profiling.clock import OFF


def _work(monkeypatch: pytest.MonkeyPatch, losses: list[float]) -> Any:
    found = SimpleNamespace(measured={"loss": np.array(losses)}, is_finite=bool(np.isfinite(losses).all()))
    monkeypatch.setattr(validate, "evaluate_split", lambda *given: found)
    task = SimpleNamespace(summarise=lambda measured: {"loss": float(measured["loss"].mean())})
    config = SimpleNamespace(task={"kind": "image_classification"})
    source = SimpleNamespace(splits={"validation": np.arange(2)})
    session = SimpleNamespace(task=task, source=source, devices=None, config=config)
    return SimpleNamespace(
        context=SimpleNamespace(clock=OFF, watch=None),
        session=session,
        options=SimpleNamespace(name="head", monitor="validation_loss"),
        phase=SimpleNamespace(batch_size=2),
        prepared=SimpleNamespace(step=None, average=None),
        feed=None,
        use_averages=contextlib.nullcontext,
    )


def test_metrics_are_named_as_in_the_history(monkeypatch: pytest.MonkeyPatch) -> None:
    assert validate.validate(_work(monkeypatch, [1.0, 2.0])) == {"validation_loss": 1.5}


def test_outputs_that_are_no_numbers_end_the_phase(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(DivergedError, match="the outputs of phase head"):
        validate.validate(_work(monkeypatch, [1.0, np.nan]))
