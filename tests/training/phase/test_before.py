"""What a model that writes gives before its first step: measured once, on validation and test."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from kerastune_ft.errors import Interrupted
from kerastune_ft.metrics.document import BEFORE
from kerastune_ft.rundir import RunDirectory
from kerastune_ft.training.phase import before
from kerastune_ft.training.phase.epochs import validate

SPLITS = {"train": np.arange(5), "validation": np.arange(5, 7), "test": np.arange(7, 10)}


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    found: list[Any] = []

    def evaluate(step: Any, devices: Any, feed: Any, indices: np.ndarray, batch: int, stop: Any) -> Any:
        found.append((indices.tolist(), batch))
        stop(len(indices), len(indices))
        return SimpleNamespace(measured=indices)

    monkeypatch.setattr(before, "evaluate_split", evaluate)
    return found


def _work(folder: Path, kind: str = "causal_lm", index: int = 0, step: int = 0, **more: Any) -> Any:
    session = SimpleNamespace(
        config=SimpleNamespace(task=SimpleNamespace(kind=kind)),
        task=SimpleNamespace(summarise=lambda measured: {"loss": float(measured.sum())}),
        source=SimpleNamespace(splits=more.get("splits", SPLITS)),
        devices=SimpleNamespace(workers=1),
    )
    context = SimpleNamespace(run=RunDirectory(folder), stop=SimpleNamespace(reason=more.get("reason")))
    return SimpleNamespace(
        context=context, session=session, feed=None, prepared=SimpleNamespace(step=None),
        phase=SimpleNamespace(index=index, refit=more.get("refit"), batch_size=4), state=SimpleNamespace(step=step),
    )  # fmt: skip


def test_it_is_measured_once(asked: list[Any], tmp_path: Path) -> None:
    for _ in range(2):
        before.measure_before(_work(tmp_path))
    assert asked == [([5, 6], 4), ([7, 8, 9], 4)]
    assert RunDirectory(tmp_path).read_json(BEFORE) == {"validation": {"loss": 11.0}, "test": {"loss": 24.0}}


def test_without_test_it_is_validation_alone(asked: list[Any], tmp_path: Path) -> None:
    splits = {name: SPLITS[name] for name in ("train", "validation")}
    before.measure_before(_work(tmp_path, splits=splits))
    assert RunDirectory(tmp_path).read_json(BEFORE) == {"validation": {"loss": 11.0}}


@pytest.mark.parametrize(
    "changed",
    [{"kind": "image_classification"}, {"index": 1}, {"step": 3}, {"refit": object()}],
    ids=["task", "phase", "step", "refit"],
)
def test_what_begins_otherwise_is_not_measured(asked: list[Any], tmp_path: Path, changed: dict[str, Any]) -> None:
    before.measure_before(_work(tmp_path, **changed))
    assert not asked and not (tmp_path / BEFORE).exists()


def test_a_stop_leaves_it_for_the_run_that_goes_on(
    asked: list[Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[Any] = []
    monkeypatch.setattr(validate, "write_checkpoint", written.append)

    def interrupt(work: Any, where: str) -> None:
        raise Interrupted(where)

    monkeypatch.setattr(validate, "interrupt", interrupt)
    with pytest.raises(Interrupted, match="before its first step"):
        before.measure_before(_work(tmp_path, reason="SIGTERM"))
    assert written and not (tmp_path / BEFORE).exists()
