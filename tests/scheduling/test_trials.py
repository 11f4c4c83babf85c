"""Trials begin with the probe's head, see no test split, and leave the session as it was."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from kerastune_ft.probing.features import read_final
from kerastune_ft.probing.probe import fit_probe
from kerastune_ft.scheduling.trials import for_measuring, plan_trial, run_trial, start_from
from kerastune_ft.training.interrupts import StopRequest
from kerastune_ft.training.session.session import Session
from kerastune_ft.training.watch import Watcher
from kerastune_ft.trials.reuse import StepReuse
from tests.support.probe_sessions import image_document, open_session

LITTLE = {
    "name": "top", "unfreeze": {"last": 1}, "steps": 1, "batch_size": 16, "optimizer": "sgd", "weight_decay": 0.0,
    "dropout": 0.0, "learning_rate": 1e-5,
}  # fmt: skip


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Session:
    return open_session(image_document(tmp_path_factory.mktemp("trials")))


def test_the_test_split_is_out_of_the_plan(session: Session) -> None:
    own = for_measuring(session)
    assert set(own.source.splits) == {"train", "validation"} and "test" in session.source.splits
    assert all("test" not in need.passes for need in plan_trial(own, LITTLE).decision.needs)


def test_a_trial_that_hardly_moves_has_the_figures_of_the_probe(session: Session, tmp_path: Path) -> None:
    own = for_measuring(session)
    found = read_final(own, Watcher())
    probe = fit_probe(own, found.features["features"], found.targets, (0.1,), standardise=False)
    start = start_from(own, probe)
    reuse = StepReuse()
    trained = run_trial(start, LITTLE, tmp_path / "trial", Watcher(), StopRequest(), reuse)
    assert trained.metrics["validation_loss"] == pytest.approx(probe.metrics["loss"], abs=1e-3)
    assert trained.metrics["validation_accuracy"] == probe.metrics["accuracy"]
    # The losses of the examples are in the order of the probe's.
    assert trained.losses == pytest.approx(probe.losses.tolist(), abs=5e-3)
    assert np.mean(trained.losses) == pytest.approx(trained.metrics["validation_loss"], abs=1e-6)
    values = session.values(start.origin)
    assert all(np.array_equal(values[path], start.origin[path]) for path in values)
    assert not (tmp_path / "trial").exists()
    # Another rate takes the compiled step again, and leaves nothing of the first one.
    again = run_trial(start, {**LITTLE, "learning_rate": 1.0}, tmp_path / "trial", Watcher(), StopRequest(), reuse)
    assert again.losses != trained.losses
    assert run_trial(start, LITTLE, tmp_path / "trial", Watcher(), StopRequest(), reuse) == trained
    assert reuse.reused == 2
    session.assign(session.origin)
