"""Spaces: what they may hold, and every problem at once with its place."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from kerastune_ft.errors import ConfigError
from kerastune_ft.trials.dimensions import Choices, Range
from kerastune_ft.trials.space import Space, read_space
from tests.support.tiny_search import BASE


def space(**keys: Any) -> Space:
    return read_space(BASE, [], {key.replace("__", "."): value for key, value in keys.items()})


def problems(document: Any) -> dict[str, str]:
    with pytest.raises(ConfigError) as raised:
        read_space(BASE, [], document)
    return {problem.to_json()["place"]: problem.message for problem in raised.value.problems}


def test_a_file_a_text_and_a_dict_are_the_same(tmp_path: Path) -> None:
    document = {"//": "a comment", "head.dropout": {"low": 0, "high": 0.5}, "phases.top.unfreeze": ["none", "all"]}
    (tmp_path / "space.json").write_text(json.dumps(document))
    found = [read_space(BASE, [], each) for each in (document, json.dumps(document), str(tmp_path / "space.json"))]
    assert found[0].dimensions == found[1].dimensions == found[2].dimensions
    assert found[0].dimensions == (
        Range("head.dropout", 0.0, 0.5), Choices("phases.top.unfreeze", ("none", "all")),
    )  # fmt: skip


def test_whole_ends_are_whole_numbers_only_where_the_key_takes_no_others() -> None:
    found = space(phases__top__epochs={"low": 1, "high": 9}, phases__weight_decay={"low": 0, "high": 1})
    epochs, decay = found.dimensions
    assert isinstance(epochs, Range)
    assert isinstance(decay, Range)
    assert (epochs.is_whole, epochs.low) == (True, 1)
    assert (decay.is_whole, type(decay.low)) == (False, float)


def test_the_configuration_itself_is_a_point_of_the_space_or_none() -> None:
    found = space(phases__top__unfreeze=[{"last": 1}, {"last": 2}], head__dropout={"low": 0, "high": 0.5})
    assert found.find_start() == {"phases.top.unfreeze": {"last": 2}, "head.dropout": 0.2}
    assert space(head__dropout={"low": 0.3, "high": 0.5}).find_start() is None
    assert space(phases__head__learning_rate=[0.1, 0.01]).find_start() is None


def test_every_problem_is_reported_at_once_with_its_place() -> None:
    found = problems(
        {
            "head.dropot": {"low": 0, "high": 0.5},
            "phases.hed.learning_rate": [0.1, 0.2],
            "phases.head.learning_rate": {"low": 0.1, "hihg": 1, "scale": "logg"},
            "phases.top.unfreeze": [{"last": 1}, {"lst": 2}],
            "head.dropout": {"low": 0.5, "high": 1.5},
            "phases.top.epochs": {"low": 4, "high": 2},
            "phases.weight_decay": [0.1],
            "phases.top.weight_decay": {"low": 0, "high": 1, "scale": "log"},
            "data.path": ["a", "b"],
            "head.hidden": 3,
        }
    )
    assert found == {
        "head.dropot": 'unknown key; did you mean "dropout"?',
        "phases.hed.learning_rate": 'no phase is named "hed"; the phases are head, top',
        "phases.head.learning_rate.high": 'missing; a range is {"low": 1, "high": 5}, and values of no order '
        "are a list",
        "phases.head.learning_rate.hihg": 'unknown key; did you mean "high"?',
        "phases.head.learning_rate.scale": '"logg" is no scale; did you mean "log"?',
        "phases.top.unfreeze[1]": found["phases.top.unfreeze[1]"],
        "head.dropout.high": "1.5 is too large; give a number below 1",
        "phases.top.epochs.high": "2 is not above low, 4",
        "phases.weight_decay": "one value is no choice; write two or more, or set the key in the configuration",
        "phases.top.weight_decay.low": '0 has no logarithm; write a number above 0, or "scale": "linear"',
        "data.path": "it is the same for all trials, which are compared on the same data and task; remove it",
        "head.hidden": '3 is no range and no choices; write {"low": 1, "high": 5} or a list of values',
    }


def test_ends_that_contradict_each_other_are_named_and_no_others() -> None:
    found = problems(
        {
            "head.dropout": {"low": 0, "high": 0.5},
            "phases": ["head_then_top", "gradual"],
            "phases.top.learning_rate": {"low": 1e-4, "high": 1e-3},
        }
    )
    assert list(found) == ["phases"]
    assert found["phases"].startswith('with phases = "gradual" and phases.top.learning_rate = 0.0001')
    assert 'no phase is named "top"' in found["phases"]


def test_phases_that_a_run_chooses_itself_are_not_searched() -> None:
    with pytest.raises(ConfigError, match='phases: "auto" chooses by measurements'):
        read_space({**BASE, "phases": "auto"}, [], {"head.dropout": [0.1, 0.2]})
    assert "auto" in problems({"phases": ["auto", "gradual"]})["phases[0]"]


def test_objects_of_python_are_not_searched_with() -> None:
    python = {"metrics": {"cost": {"name": "cost", "direction": "min"}}}
    with pytest.raises(ConfigError, match=r"python: trials have no objects of yours, .* metrics=\.\.\.; search with"):
        read_space({**BASE, "python": python}, [], {"head.dropout": [0.1, 0.2]})
    with pytest.raises(ConfigError, match=r'"validation_cost" is not a choice; .* one of your own .* not to a search'):
        read_space(BASE, ["phases.head.monitor=validation_cost"], {"head.dropout": [0.1, 0.2]})


@pytest.mark.parametrize("text", ["[1]", "{}", '{"head.dropout":', '{"head.dropout": [0, 0]}', "nothing.json"])
def test_what_is_no_space_is_refused(text: str) -> None:
    with pytest.raises(ConfigError):
        read_space(BASE, [], text)


def test_of_too_many_corners_every_pair_is_looked_at() -> None:
    keys = ["label_smoothing", "weight_decay", "learning_rate", "dropout", "batch_size"]
    found = read_space(BASE, [], {f"phases.{phase}.{key}": [0.1, 0.2] if key != "batch_size" else [8, 16]
                                  for phase in ("head", "top") for key in keys})  # fmt: skip
    corners = found.list_corners()
    assert 2 ** len(found.keys) > len(corners)
    pairs = {frozenset(corner) for corner in corners}
    assert len(pairs) == len(found.keys) * (len(found.keys) - 1) / 2
