"""What a phase trains by: layers set to train or not, its own dropout, slots for what it trains."""

from __future__ import annotations

from pathlib import Path

import keras
import pytest

from kerastune_ft.config.read import read
from kerastune_ft.graph import keras_private
from kerastune_ft.rundir import RunDirectory
from kerastune_ft.training import engine
from kerastune_ft.training.features.feed import PhaseFeed
from kerastune_ft.training.interrupts import StopRequest
from kerastune_ft.training.phase.context import RunContext
from kerastune_ft.training.phase.prepare import address, prepare
from kerastune_ft.training.watch import Watcher
from tests.support.odd_graphs import write_own_model


def test_a_phase_trains_what_it_unfreezes_with_its_own_dropout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    document = write_own_model(tmp_path, "one layer after itself")
    document["head"] = {"dropout": 0.2}
    document["phases"] = [
        {"name": "head", "unfreeze": "none", "epochs": 1, "dropout": 0.4},
        {"name": "all", "unfreeze": "all", "epochs": 1},
    ]
    session, plan, _ = engine.make_plan(read(document), print)
    context = RunContext(session, plan, RunDirectory(tmp_path / "run"), Watcher(), StopRequest(), PhaseFeed())
    rates = []
    for phase in plan.phases:
        prepared = prepare(context, phase)
        rates += [layer.rate for layer in session.head.layers if isinstance(layer, keras.layers.Dropout)]
        slots = [name for name in keras_private.optimizer_slots(prepared.optimizer) if "momentum" in name]
        assert len(slots) == len(phase.trained) > 0
        assert {variable.path for variable in session.model.trainable_variables} == set(phase.trained)
        assert (prepared.scale, prepared.skipped_steps) == (None, 0)
        assert address(session, phase) == f"{session.config.seed}/{phase.index}"
    assert rates == [0.4, 0.2]
