"""Which phases are kept for other trials, and that they are whole."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

from kerastune_ft.rundir import RunDirectory
from kerastune_ft.trials.forks import FinishedPhases
from kerastune_ft.trials.space import read_space
from tests.support.tiny_search import BASE

SPACE = {
    "phases.top.learning_rate": {"low": 1e-4, "high": 1e-2},
    "phases.head.epochs": {"low": 1, "high": 3},
    "phases.top.start_from": ["best", "last"],
}
FILES = ("history.csv", "best.safetensors", "result.json")


def schedule(config: Any) -> Any:
    phases = [
        SimpleNamespace(index=index, phase=phase, folder=f"phases/{index:02d}-{phase.name}")
        for index, phase in enumerate(config.phases)
    ]
    return SimpleNamespace(phases=phases)


def train(folder: Path, *files: str) -> RunDirectory:
    for name in files or FILES:
        path = folder / "phases/00-head" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text('{"name": "head"}')
    return RunDirectory(folder)


def test_a_phase_is_kept_and_copied_where_a_later_range_alone_differs(tmp_path: Path) -> None:
    space = read_space(BASE, [], SPACE)
    kept = FinishedPhases(tmp_path, space)
    values = {"phases.top.learning_rate": 1e-3, "phases.head.epochs": 2, "phases.top.start_from": "best"}
    config = space.configure(values)
    plan = schedule(config)
    assert kept.copy_to(RunDirectory(tmp_path / "0"), plan, config, "model") == 0
    kept.keep(train(tmp_path / "0"), plan.phases[0], config, values, "model")

    other = {**values, "phases.top.learning_rate": 2e-3}
    plan = schedule(space.configure(other))
    assert kept.copy_to(RunDirectory(tmp_path / "1"), plan, space.configure(other), "model") == 1
    assert sorted(path.name for path in (tmp_path / "1/phases/00-head").iterdir()) == sorted(FILES)
    assert kept.copy_to(RunDirectory(tmp_path / "2"), plan, space.configure(other), "another model") == 0
    longer = space.configure({**values, "phases.head.epochs": 3})
    assert kept.copy_to(RunDirectory(tmp_path / "3"), schedule(longer), longer, "model") == 0
    last = space.configure({**values, "phases.top.start_from": "last"})
    assert kept.copy_to(RunDirectory(tmp_path / "4"), schedule(last), last, "model") == 0, "its last step was not kept"
    assert not (tmp_path / "4/phases").exists()


def test_a_phase_that_no_other_trial_will_have_is_not_kept(tmp_path: Path) -> None:
    space = read_space(BASE, [], {"phases.head.learning_rate": {"low": 1e-4, "high": 1e-2}})
    kept = FinishedPhases(tmp_path, space)
    values = {"phases.head.learning_rate": 1e-3}
    config = space.configure(values)
    kept.keep(train(tmp_path / "0"), schedule(config).phases[0], config, values, "model")
    assert not (tmp_path / "phases").exists()
