"""Settings of a search, and which directory it works in."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from kerastune_ft.errors import ConfigError
from kerastune_ft.trials.settings import (
    SEARCH,
    choose_directory,
    choose_settings,
    choose_trials,
    find_identity,
    list_searches,
)
from kerastune_ft.trials.space import read_space
from tests.support.tiny_search import BASE

DROPOUT: dict[str, Any] = {"head.dropout": {"low": 0, "high": 0.5}}


def test_the_metric_is_the_last_monitor_unless_another_is_named() -> None:
    space = read_space(BASE, [], DROPOUT)
    usual = choose_settings(space, None, "tpe", None, True)
    assert (usual.metric, usual.maximise, usual.seed) == ("validation_loss", False, 0)
    assert choose_settings(space, "validation_accuracy", "tpe", 5, True).maximise
    with pytest.raises(ConfigError, match=r'--metric: "accuracy" is unknown; did you mean "validation_accuracy"'):
        choose_settings(space, "accuracy", "tpe", None, True)
    with pytest.raises(ConfigError, match=r"--sampler: .*tpe"):
        choose_settings(space, None, "tpee", None, True)


def test_answers_are_generated_for_a_monitor_alone() -> None:
    phase = {"name": "last", "unfreeze": {"last": 1}, "epochs": 1, "learning_rate": 0.001}
    document = {
        "task": {"kind": "summarization"},
        "data": {"kind": "table", "path": "papers.csv", "input": "abstract", "label": "summary"},
        "backbone": {"kind": "keras_hub", "class": "GPT2Backbone"},
        "phases": [phase],
    }
    rates: dict[str, Any] = {"phases.last.learning_rate": {"low": 1e-4, "high": 1e-2}}
    metric = "validation_rouge_l"
    with pytest.raises(ConfigError, match="write validation_rouge_l as the monitor of the last phase"):
        choose_settings(read_space(document, [], rates), metric, "tpe", None, True)
    monitored = {**document, "phases": [{**phase, "monitor": metric}]}
    assert choose_settings(read_space(monitored, [], rates), None, "tpe", None, True).maximise


def test_another_configuration_space_or_setting_is_another_search() -> None:
    space = read_space(BASE, [], DROPOUT)
    settings = choose_settings(space, None, "tpe", None, True)
    others = [
        find_identity(read_space(BASE, ["phases.top.epochs=6"], DROPOUT), settings),
        find_identity(read_space(BASE, [], {"head.dropout": {"low": 0, "high": 0.4}}), settings),
        find_identity(space, choose_settings(space, None, "tpe", 1, True)),
        find_identity(space, choose_settings(space, None, "random", None, True)),
        find_identity(space, choose_settings(space, None, "tpe", None, False)),
    ]
    assert len({find_identity(space, settings), *others}) == 6
    elsewhere = read_space(BASE, ["output.directory=elsewhere"], DROPOUT)
    assert find_identity(elsewhere, settings) == find_identity(space, settings)


def test_the_newest_directory_of_the_same_search_goes_on(tmp_path: Path) -> None:
    first = choose_directory(tmp_path, "x", "a", None, False)
    (first / SEARCH).write_text(json.dumps({"identity": "a"}))
    second = choose_directory(tmp_path, "x", "b", None, False)
    (second / SEARCH).write_text(json.dumps({"identity": "b"}))
    assert [path.name for path in list_searches(tmp_path, "x")] == ["x-search-1", "x-search-2"]
    assert choose_directory(tmp_path, "x", "a", None, False) == first
    assert choose_directory(tmp_path, "x", "a", None, True).name == "x-search-3"
    assert choose_directory(tmp_path, "x", "b", second, False) == second
    with pytest.raises(ConfigError, match="holds another search"):
        choose_directory(tmp_path, "x", "a", second, False)
    assert choose_directory(tmp_path, "x", "a", second, True) == second, "what was there is kept aside"
    assert not second.exists()
    assert json.loads((tmp_path / "x-search-2.before-1" / SEARCH).read_text()) == {"identity": "b"}
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "a.jpg").touch()
    with pytest.raises(ConfigError, match="something that is no search"):
        choose_directory(tmp_path, "x", "a", tmp_path / "photos", False)
    with pytest.raises(ConfigError, match="give another --run-dir"):
        choose_directory(tmp_path, "x", "a", tmp_path / "photos", True)


@pytest.mark.parametrize(
    ("combinations", "trials", "seconds", "expected"),
    [
        (0, None, None, 20),
        (0, None, 60.0, None),
        (0, 7, 60.0, 7),
        (24, None, None, 24),
        (24, 7, None, 7),
        (24, 70, None, 24),
        (400, None, None, 20),
        (400, None, 60.0, 400),
    ],
)
def test_a_small_grid_is_tried_whole(
    combinations: int, trials: int | None, seconds: float | None, expected: int | None
) -> None:
    assert choose_trials(combinations, trials, seconds) == expected
