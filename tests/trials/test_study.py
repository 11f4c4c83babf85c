"""Proposals: the same after a restart at any place, a grid to its end, and what is told."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from kerastune_ft.errors import ConfigError
from kerastune_ft.trials.dimensions import Choices, Range
from kerastune_ft.trials.study import COMPLETE, FAILED, PRUNED, Study, check_sampler, count_combinations

SPACE = (
    Range("x", 0.0, 1.0),
    Range("y", 1e-4, 1.0, log=True),
    Range("n", 1, 9, is_whole=True),
    Choices("c", ({"last": 1}, "none", None)),
)
START = {"x": 0.5, "y": 0.01, "n": 2, "c": None}


def measure(values: Any) -> float:
    return float((values["x"] - 0.3) ** 2 + values["y"] / 9 + (values["c"] == "none") + values["n"] / 99)


def carry(folder: Path, trials: int, broken: Callable[[Study], None] = lambda study: None, sampler: str = "tpe") -> Any:
    study = Study(folder, SPACE, sampler, 7, False, "tried")
    broken(study)
    while study.outcomes < trials:
        proposal = study.ask(START)
        assert proposal is not None
        value = measure(proposal.values)
        state = (PRUNED, COMPLETE, COMPLETE, FAILED, COMPLETE)[proposal.number % 5]
        study.tell(proposal, state, value if state == COMPLETE else None, [value])
    return [(each.number, each.params, each.value, each.state) for each in study._study.trials]


def ask_and_die(study: Study) -> None:
    study.ask(START)


def die_while_asking(study: Study) -> None:
    """A trial that was begun and has no values yet."""
    study._study._storage.create_new_trial(study._study._study_id)


def enqueue_and_die(study: Study) -> None:
    study._enqueue(0, START)


@pytest.mark.parametrize("sampler", ["tpe", "random"])
def test_a_search_that_is_killed_anywhere_proposes_what_it_would_have(tmp_path: Path, sampler: str) -> None:
    for name in ("whole", "parts"):
        (tmp_path / name).mkdir()
    whole = carry(tmp_path / "whole", 16, sampler=sampler)
    carry(tmp_path / "parts", 0, enqueue_and_die, sampler)
    carry(tmp_path / "parts", 4, sampler=sampler)
    carry(tmp_path / "parts", 12, ask_and_die, sampler)
    with open(tmp_path / "parts" / "journal.jsonl", "a") as journal:
        journal.write('{"op_code": 5, "work')
    parts = carry(tmp_path / "parts", 16, die_while_asking, sampler)
    assert parts == whole
    assert len({str(params) for _, params, *_ in whole}) == 16
    assert whole[0][1] | {"c": None} == START


def test_seeds_decide(tmp_path: Path) -> None:
    found = []
    for seed in (0, 1):
        (tmp_path / str(seed)).mkdir()
        proposal = Study(tmp_path / str(seed), SPACE, "random", seed, False, "s").ask()
        assert proposal is not None
        found.append(proposal.values)
    assert found[0] != found[1]


def test_a_grid_has_every_combination_once(tmp_path: Path) -> None:
    space = (Choices("a", ([1], [2])), Range("n", 1, 3, is_whole=True))
    study = Study(tmp_path, space, "grid", 0, True, "grid")
    found = []
    while (proposal := study.ask(None)) is not None:
        found.append((proposal.values["a"], proposal.values["n"]))
        study.tell(proposal, FAILED, None)
    assert sorted(found) == [([a], n) for a in (1, 2) for n in (1, 2, 3)]
    assert count_combinations(space) == len(found) == study.outcomes


def test_a_grid_over_what_has_no_end_is_refused() -> None:
    with pytest.raises(ConfigError, match="no end to those of x, y"):
        check_sampler("grid", SPACE)


def test_importance_is_of_enough_trials_and_finds_what_matters(tmp_path: Path) -> None:
    study = Study(tmp_path, (Range("x", 0.0, 1.0), Range("idle", 0.0, 1.0)), "random", 0, False, "s")
    assert study.find_importances() == {}
    for _ in range(24):
        proposal = study.ask()
        assert proposal is not None
        study.tell(proposal, COMPLETE, proposal.values["x"], [])
    found = study.find_importances()
    assert list(found) == ["x", "idle"]
    assert sum(found.values()) == pytest.approx(1)
