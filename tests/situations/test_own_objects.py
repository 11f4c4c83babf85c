"""Somebody trains with a head, a loss and a metric of their own, is interrupted, goes on, and changes the loss."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

import kerastune_ft as kt
from tests.support import tiny_run
from tests.support.trained_runs import small_backbone


def build_head(features: Any, outputs: int) -> Any:
    x = keras.layers.GlobalAveragePooling2D()(features)
    x = keras.layers.Dropout(0.3)(keras.layers.Dense(8, activation="relu")(x))
    return keras.layers.Dense(outputs)(x)


def half(targets: Any, outputs: Any) -> Any:
    return 0.5 * keras.losses.sparse_categorical_crossentropy(targets, outputs, from_logits=True)


def third(targets: Any, outputs: Any) -> Any:
    return keras.losses.sparse_categorical_crossentropy(targets, outputs, from_logits=True) / 3


def cost(targets: np.ndarray, outputs: np.ndarray) -> float:
    return float(np.mean((outputs.argmax(1) != targets) * (1 + targets)))


def mistakes(targets: np.ndarray, outputs: np.ndarray) -> float:
    return float(np.mean(outputs.argmax(1) != targets))


def spread(targets: Any, outputs: Any) -> Any:
    return keras.ops.mean(outputs, axis=-1) - keras.ops.mean(outputs)


class Seen:
    def __init__(self) -> None:
        self.costs: list[float] = []

    def epoch_done(self, row: dict[str, Any], is_best: bool) -> None:
        self.costs.append(row["validation_cost"])


def test_own_objects_hold_the_promises_that_can_hold(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("KERASTUNE_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    phase = {"learning_rate": 0.01, "batch_size": 10, "monitor": "validation_cost"}
    document = {
        "seed": 3,
        "task": {"kind": "image_classification"},
        "data": {"kind": "arrays", "path": str(tiny_run.write_data(tmp_path / "data.npz"))},
        "backbone": small_backbone(tmp_path),
        "phases": [
            {"name": "head", "unfreeze": "none", "epochs": 2, **phase},
            {"name": "top", "unfreeze": {"last": 1}, "epochs": 2, "keep_if_better": True, **phase},
        ],
    }
    own: dict[str, Any] = {"head": build_head, "loss": half, "metrics": {"cost": (cost, "min")}}
    # Refused before anything is computed or stored.
    with pytest.raises(kt.ConfigError, match="depends on the others in its batch"):
        kt.run(document, run_dir="refused", **{**own, "loss": spread})
    with pytest.raises(kt.ConfigError, match=r"metrics\['cost'\]: it gives no number of targets"):
        kt.run(document, run_dir="refused", **{**own, "metrics": {"cost": lambda targets, outputs: outputs}})
    assert not Path("refused/plan.json").exists()
    seen = Seen()
    whole = kt.run(document, run_dir="whole", callbacks=[seen], **own)
    assert seen.costs == whole.history["validation_cost"].tolist()

    kt.run(document, run_dir="parts", until_phase="head", **own)
    with pytest.raises(kt.ConfigError, match="loss: it was half, and is third"):
        kt.run(document, run_dir="parts", **{**own, "loss": third})
    with pytest.raises(kt.ConfigError, match=r"call kt\.run"):
        kt.run("parts/config.json", run_dir="parts")
    parts = kt.run(document, run_dir="parts", **own)
    assert tiny_run.results(parts.path) == tiny_run.results(whole.path)

    test = whole.metrics["test"]
    assert set(whole.predict(np.load("data.npz")["x"])["label"]) <= {0, 1}
    assert whole.evaluate() == test
    opened = kt.open_run("whole")
    capsys.readouterr()
    assert opened.evaluate() == {name: value for name, value in test.items() if name != "cost"}
    assert "left out, since given in Python: cost; in the program that has them call kt.evaluate(" in (
        capsys.readouterr().err
    )
    found = opened.evaluate(metrics={"cost": (cost, "min"), "wrong": (mistakes, "min")})
    assert {name: found[name] for name in test} == test
    assert found["wrong"] == pytest.approx(1 - test["accuracy"])
    # A metric that no resample changes has none.
    assert found.intervals.get("cost") == whole.intervals["test"].get("cost")
    capsys.readouterr()
    assert kt.evaluate("whole", metrics={"cost": mistakes})["cost"] == pytest.approx(1 - test["accuracy"])
    assert "cost is not as the run measured it: it was cost, and is mistakes" in capsys.readouterr().err

    view = kt.plan(document, **own)
    view.write("planned.json")
    assert "kt.run('planned.json', head=..., loss=..., metrics=...) takes it" in capsys.readouterr().err
    with pytest.raises(kt.ConfigError, match=r"goes with objects of Python"):
        kt.run("planned.json", run_dir="other")
    assert kt.run("planned.json", run_dir="whole", **own).metrics["test"] == test
    assert json.loads(Path("whole/config.json").read_text())["python"]["head"]["name"] == "build_head"
    assert kt.verify("whole").holds


@pytest.mark.slow
def test_folds_are_trained_and_measured_with_objects_of_python(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KERASTUNE_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    document = {
        "seed": 3,
        "task": {"kind": "image_classification"},
        "data": {"kind": "arrays", "path": str(tiny_run.write_data(tmp_path / "data.npz"))},
        "backbone": small_backbone(tmp_path),
        "phases": [
            {
                "name": "head", "unfreeze": "none", "epochs": 2, "learning_rate": 0.01, "batch_size": 10,
                "monitor": "validation_cost",
            },
        ],
    }  # fmt: skip
    own: dict[str, Any] = {"head": build_head, "loss": half, "metrics": {"cost": (cost, "min")}}
    found = kt.crossvalidate(document, folds=2, run_dir="folds", **own)
    costs = []
    for _, rows in found.out_of_fold.groupby("fold"):
        answers = rows[["probability_0", "probability_1"]].to_numpy().argmax(1)
        costs.append(np.mean((answers != rows["label"]) * (1 + rows["label"])))
    assert [fold["cost"] for fold in found.folds] == pytest.approx(costs)
    assert found.summary["cost"]["mean"] == pytest.approx(np.mean(costs))
    assert found.evaluate() == found.metrics["test"]
    with pytest.raises(kt.ConfigError, match="loss: it was half, and is third"):
        kt.crossvalidate(document, folds=2, run_dir="folds", **{**own, "loss": third})
    with pytest.raises(kt.ConfigError, match="objects of Python"):
        kt.crossvalidate("folds/config.json", folds=2, run_dir="folds")
    assert kt.verify("folds").holds
