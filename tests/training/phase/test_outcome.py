from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from kerastune_ft.rundir import RunDirectory
from kerastune_ft.training.phase.outcome import describe_outcome

HISTORY = "phase,epoch,step,train_loss,validation_loss,validation_accuracy\nhead,1,5,0.9,0.8,0.5\nhead,2,10,0.7,0.85,\n"


def context(run: Any, phases: list[Any]) -> Any:
    variables = [SimpleNamespace(path="top/kernel"), SimpleNamespace(path="top/mean")]
    now = {"top/kernel": np.float32([3.0]), "top/mean": np.float32([1.0])}
    session = SimpleNamespace(
        units=[SimpleNamespace(id="top", variables=variables)],
        values=lambda paths: {path: now[path] for path in paths},
        origin={"top/kernel": np.float32([1.0]), "top/mean": np.float32([4.0])},
    )
    return SimpleNamespace(session=session, run=run, plan=SimpleNamespace(phases=phases))


def phase(index: int, start_from: str = "best", stages: tuple[int, ...] = (1,)) -> Any:
    return SimpleNamespace(
        index=index, phase=SimpleNamespace(name=("head", "top")[index], start_from=start_from), stages=stages,
        cut_at=lambda size: SimpleNamespace(stages=stages),
        selection=SimpleNamespace(statistics=("top/mean",)), trained=("top/kernel",),
        folder=f"phases/0{index}-{('head', 'top')[index]}",
    )  # fmt: skip


def feed(train: Any = None, plain: Any = None) -> Any:
    return SimpleNamespace(
        training=SimpleNamespace(is_stored=train is not None), plain=SimpleNamespace(is_stored=plain is not None)
    )


@pytest.fixture
def run(tmp_path: Any) -> RunDirectory:
    opened = RunDirectory(tmp_path)
    opened.commit_json("phases/00-head/result.json", {"best_epoch": 1, "best": {"validation_loss": 0.8}})
    opened.commit("phases/00-head/history.csv", HISTORY)
    return opened


BEFORE = {"top/kernel": np.float32([2.0]), "top/mean": np.float32([2.0])}


def test_weights_and_statistics_are_measured_apart_from_start_and_pretrained(run: RunDirectory) -> None:
    found = describe_outcome(context(run, [phase(0), phase(1)]), phase(1), feed(), BEFORE)
    assert found["distances"] == {
        "start": {"weights": {"top": 0.5}, "statistics": {"top": 0.5}},
        "pretrained": {"weights": {"top": 2.0}, "statistics": {"top": 0.75}},
    }


@pytest.mark.parametrize(
    ("start_from", "epoch", "metrics"),
    [("best", 1, {"validation_loss": 0.8}), ("last", 2, {"validation_loss": 0.85})],
)
def test_a_later_phase_starts_from_figures_of_the_one_before(
    run: RunDirectory, start_from: str, epoch: int, metrics: dict[str, float]
) -> None:
    own = phase(1, start_from)
    start = describe_outcome(context(run, [phase(0), own]), own, feed(), BEFORE)["start"]
    assert start == {"phase": "head", "epoch": epoch, "metrics": metrics}


@pytest.mark.parametrize("own", [phase(0), phase(1, "pretrained")])
def test_weights_that_were_never_measured_have_no_figures(run: RunDirectory, own: Any) -> None:
    assert describe_outcome(context(run, [phase(0), phase(1)]), own, feed(), BEFORE)["start"] is None


def test_what_was_read_and_what_was_computed(run: RunDirectory) -> None:
    found = describe_outcome(context(run, [phase(0)]), phase(0), feed("rows", None), BEFORE)
    assert found["features"] == {"train": "stored", "validation": "computed"}
    whole = phase(0, stages=())
    assert describe_outcome(context(run, [whole]), whole, feed(), BEFORE)["features"]["train"] == "none"
