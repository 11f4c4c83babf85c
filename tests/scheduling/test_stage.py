"""The stage that chooses phases: what it leaves, what it keeps where it is stopped, and what it never reads."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kerastune_ft.config.options.backbones import EarlierRun
from kerastune_ft.config.options.phases import Phase
from kerastune_ft.config.python_objects import PythonObject, PythonObjects
from kerastune_ft.errors import DivergedError, Interrupted
from kerastune_ft.probing.record import Record
from kerastune_ft.scheduling import rules, stage
from kerastune_ft.scheduling.stage import Choice, Stage, find_facts
from kerastune_ft.training.interrupts import StopRequest
from kerastune_ft.training.session.session import Session
from kerastune_ft.training.watch import Watcher
from tests.support.probe_sessions import image_document, open_session

PLENTY = 1e6


class Stopping(StopRequest):
    """Asks to stop when it has been looked at so many times, as it is after every step."""

    def __init__(self, looks: int) -> None:
        super().__init__()
        self.looks = looks

    @property
    def reason(self) -> str | None:
        self.looks -= 1
        return "enough" if self.looks < 0 else None


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Session:
    return open_session(image_document(tmp_path_factory.mktemp("stage")))


@pytest.fixture(scope="module", autouse=True)
def _small() -> Iterator[None]:
    """Trials of a few steps for 49 training examples, of two parts of the backbone."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rules, "HEAD_ALONE", 10)
        patch.setattr(stage.budget, "FEWEST_STEPS", 2)
        patch.setattr(stage.budget, "_MOST_EPOCHS", 1)
        yield


def lay(phases: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [Phase.model_validate({**phase, "batch_size": 16}).to_json() for phase in phases]


def choose(session: Session, folder: Path, seconds: float | None = PLENTY, stop: StopRequest | None = None) -> Choice:
    return Stage(session, Record(folder, {}), folder, lay, seconds, Watcher(), stop or StopRequest()).choose()


@pytest.fixture(scope="module")
def chosen(session: Session, tmp_path_factory: pytest.TempPathFactory) -> Choice:
    return choose(session, tmp_path_factory.mktemp("whole"))


@pytest.mark.slow
def test_it_ends_with_the_solved_head_and_a_part_that_was_tried(chosen: Choice) -> None:
    head, *others = chosen.phases
    # A trial that helped is made again before the long phase; else a gentle one follows that.
    names = [phase["name"] for phase in others]
    later = others[0] if names[-1].endswith("_gently") else others[-1]
    assert names in ([f"{later['name']}_short", later["name"]], [later["name"], f"{later['name']}_gently"])
    assert head["optimizer"]["name"] == "lbfgs" and head["unfreeze"] == "none"
    assert later["learning_rate"]["peak"] in rules.RATES and later["name"] in ("top", "all")
    trials = [line for line in chosen.measured if line.startswith("trial of")]
    assert 2 <= len(trials) <= 3 and sum(line.startswith("linear probe") for line in chosen.measured) >= 2
    assert chosen.spent <= chosen.limit == PLENTY


@pytest.mark.slow
@pytest.mark.parametrize("looks", [4, 20])
def test_a_stage_that_is_stopped_goes_on_to_the_same_phases(
    session: Session, chosen: Choice, tmp_path: Path, looks: int
) -> None:
    with pytest.raises(Interrupted):
        choose(session, tmp_path, stop=Stopping(looks))
    assert choose(session, tmp_path) == chosen
    # Trials leave nothing, and the variables are what they were.
    assert [path.name for path in tmp_path.iterdir() if path.is_dir()] == []
    values = session.values(session.origin)
    assert all(np.array_equal(values[path], session.origin[path]) for path in values)


@pytest.mark.slow
def test_all_that_was_measured_is_known_from_then_on(
    session: Session, chosen: Choice, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    choose(session, tmp_path)
    for name in ("run_trial", "read_cuts", "fit_probe"):
        monkeypatch.setattr(stage, name, lambda *args, name=name, **more: pytest.fail(f"{name} again"))
    assert choose(session, tmp_path) == chosen


def test_without_means_nothing_is_tried(session: Session, tmp_path: Path) -> None:
    found = choose(session, tmp_path, seconds=1e-9)
    assert found.phases[1]["name"] == "all" and found.phases[1]["learning_rate"]["peak"] == rules.USUAL
    assert not any(line.startswith("trial") for line in found.measured)
    assert sum("not tried" in line for line in found.reasons) >= 1


@pytest.mark.slow
def test_the_usual_limit_is_half_of_the_usual_schedule(session: Session, tmp_path: Path) -> None:
    found = choose(session, tmp_path, seconds=None)
    assert 0 < found.spent <= found.limit


@pytest.mark.slow
def test_the_test_split_is_never_read(session: Session, chosen: Choice, tmp_path: Path) -> None:
    def forbid(source: Any) -> Any:
        source.splits = {**source.splits, "test": np.array([10**9])}
        return source

    own = replace(session, source=forbid(copy.copy(session.source)), cache=tmp_path / "cache")
    assert choose(own, tmp_path).phases == chosen.phases


def test_where_every_trial_diverges_the_head_alone_trains(
    session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def diverge(*given: Any) -> None:
        raise DivergedError("NaN")

    monkeypatch.setattr(stage, "run_trial", diverge)
    record = Record(tmp_path, {})
    record.recall("probes", lambda: [{"cut": "features", "loss": 0.5, "value": 0.7, "l2": 0.1, "losses": [0.5]}])
    found = choose(session, tmp_path)
    assert [phase["name"] for phase in found.phases] == ["head"] and "every trial" in found.reasons[-1]
    assert sum(line.endswith("steps: it diverged") for line in found.measured) == 2
    # What diverged is known, as JSON has it.
    monkeypatch.setattr(stage, "run_trial", lambda *given: pytest.fail("again"))
    assert choose(session, tmp_path) == found


def test_heads_that_no_solver_sets_train_in_steps(session: Session, tmp_path: Path) -> None:
    head = session.config.head.model_copy(update={"hidden": (4,)})
    own = replace(session, config=session.config.model_copy(update={"head": head}))
    found = choose(own, tmp_path)
    assert found.phases[0]["optimizer"]["name"] == "adamw" and found.phases[0]["learning_rate"]["peak"] == 0.003
    assert found.measured == []


@pytest.mark.parametrize(
    "more",
    [
        {"python": PythonObjects(head=PythonObject(name="mine"))},
        {"python": PythonObjects(loss=PythonObject(name="mine"))},
        {"backbone": EarlierRun(path="runs/a-1", head="keep")},
    ],
)
def test_a_head_or_a_loss_that_a_solver_would_pass_over_is_not_probed(session: Session, more: dict[str, Any]) -> None:
    assert find_facts(session).can_probe
    assert not find_facts(replace(session, config=session.config.model_copy(update=more))).can_probe
