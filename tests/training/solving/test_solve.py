from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss

from kerastune_ft.config.read import read
from kerastune_ft.config.run import config_hash
from kerastune_ft.errors import DivergedError, Interrupted
from kerastune_ft.rundir import RunDirectory
from kerastune_ft.training import engine
from kerastune_ft.training.features.feed import PhaseFeed
from kerastune_ft.training.interrupts import StopRequest
from kerastune_ft.training.phase.context import RunContext
from kerastune_ft.training.run_directory.resume import RunStart
from kerastune_ft.training.session.assemble import assemble
from kerastune_ft.training.session.session import Session
from kerastune_ft.training.solving import solve as solving
from kerastune_ft.training.watch import Watcher
from tests.support.plain_net import describe_parts, write_parts
from tests.support.tiny_run import history

L2 = 0.01
PROBE = {"name": "probe", "unfreeze": "none", "epochs": 100, "optimizer": {"name": "lbfgs", "l2": L2}}


def document(folder: Path, phase: dict[str, Any]) -> dict[str, Any]:
    return {
        **describe_parts(folder, "solved"),
        "phases": [{**PROBE, **phase}],
    }


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_parts(tmp_path_factory.mktemp("solved"))


@pytest.fixture(scope="module")
def session(folder: Path) -> Session:
    config = read(document(folder, {}))
    return assemble(config, engine.devices(config), lambda line: None)


class Stopping(Watcher):
    """Asks the run to stop after so many iterations."""

    def __init__(self, stop: StopRequest, after: int | None) -> None:
        self._stop, self._after = stop, after

    def step_done(self, step: int, loss: float | None) -> None:
        if step == self._after:
            self._stop.ask("SIGTERM")


def solve(session: Session, run: Path, phase: dict[str, Any], folder: Path, stop_after: int | None = None) -> None:
    """Train the phase alone in a run directory."""
    config = read(document(folder, phase))
    own = session.with_phases(config.phases)
    session.assign(session.origin)
    stop, target = StopRequest(), RunDirectory(run)
    watch = Stopping(stop, stop_after)
    plan = engine.prepare(RunStart(target, "new"), own, config, config_hash(config), watch)
    with PhaseFeed() as feed:
        assert engine.train(RunContext(own, plan, target, watch, stop, feed))


def weights(run: Path) -> bytes:
    return (run / "phases/00-probe/best.safetensors").read_bytes()


@pytest.fixture(scope="module")
def base(session: Session, folder: Path) -> Path:
    solve(session, folder / "base", {}, folder)
    return folder / "base"


def features_and_labels(session: Session, folder: Path) -> tuple[np.ndarray, np.ndarray]:
    """Features of the training examples, computed by Keras in one go."""
    model = keras.Model(session.model.input, session.model.get_layer("head_pooling").output)
    data, train = np.load(folder / "data.npz"), session.source.splits["train"]
    return model.predict(data["x"][train].astype(np.float32), verbose=0), data["y"][train]


def test_the_head_is_scikit_learns_logistic_regression(session: Session, folder: Path, base: Path) -> None:
    features, labels = features_and_labels(session, folder)
    known = LogisticRegression(C=2 / (L2 * len(labels)), max_iter=10000, tol=1e-8).fit(features, labels)
    rows = history(base)
    assert float(rows[-1]["train_loss"]) == pytest.approx(log_loss(labels, known.predict_proba(features)), abs=1e-3)
    result = RunDirectory(base).read_json("phases/00-probe/result.json")
    assert (result["stopped"], result["best_epoch"], result["epochs"]) == ("converged", len(rows), len(rows))
    losses = [float(row["train_loss"]) for row in rows]
    assert losses[0] > losses[-1] and {row["learning_rate"] for row in rows} == {""}
    assert [int(row["epoch"]) for row in rows] == list(range(1, len(rows) + 1))
    # What was measured last is what the compiled step says of the weights that were set.
    assert result["best"]["validation_loss"] == float(rows[-1]["validation_loss"])


def test_a_stop_loses_seconds_and_no_bit(session: Session, folder: Path, base: Path) -> None:
    with pytest.raises(Interrupted, match="stopped after iteration 4 of phase probe, nothing is lost"):
        solve(session, folder / "stopped", {}, folder, stop_after=3)
    assert not (folder / "stopped/phases/00-probe/result.json").exists()
    solve(session, folder / "stopped", {}, folder)
    assert weights(folder / "stopped") == weights(base)
    assert history(folder / "stopped") == history(base)


def test_without_a_store_the_head_is_the_same(session: Session, folder: Path, base: Path) -> None:
    solve(session, folder / "computed", {"cache": "off"}, folder)
    assert weights(folder / "computed") == weights(base)


@pytest.mark.slow
def test_views_weights_and_smoothing_are_in_the_objective(session: Session, folder: Path, base: Path) -> None:
    more = {"augment": {"preset": "light", "views": 2}, "class_weights": {"1": 3.0}, "label_smoothing": 0.2}
    solve(session, folder / "more", more, folder)
    plan = RunDirectory(folder / "more").read_json("plan.json")["phases"][0]
    assert (plan["steps"], plan["learning_rate"], plan["solver"]) == (100, None, {"l2": L2})
    rows = history(folder / "more")
    # Weights of 0 cost log 2 for an example of the first class, thrice that for one of the second.
    labels = features_and_labels(session, folder)[1]
    assert float(rows[0]["train_loss"]) < np.log(2) * (1 + 2 * labels.mean())
    assert weights(folder / "more") != weights(base)


def test_iterations_may_run_out(session: Session, folder: Path) -> None:
    solve(session, folder / "short", {"epochs": 2}, folder)
    result = RunDirectory(folder / "short").read_json("phases/00-probe/result.json")
    assert (result["stopped"], result["epochs"]) == ("epochs", 2)


def test_features_of_validation_that_are_no_numbers_are_said(
    session: Session, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    collect = solving._Solving._collect

    def spoil(self: Any, split: str, feeds: Any) -> Any:
        found = collect(self, split, feeds)
        found.features[0, 0] = np.nan if split == "validation" else found.features[0, 0]
        return found

    monkeypatch.setattr(solving._Solving, "_collect", spoil)
    with pytest.raises(DivergedError, match="the features of phase probe are NaN or infinite"):
        solve(session, folder / "spoilt", {}, folder)
