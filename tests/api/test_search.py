"""`kt.search`: the same on any number of calls, its winner run again, and calls that are wrong."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import kerastune_ft as kt
from kerastune_ft.api import search as searching
from kerastune_ft.api.search import SearchResult
from kerastune_ft.errors import ConfigError
from tests.support import tiny_search


def test_the_winner_as_an_ordinary_run_gives_its_trials_metrics_to_the_last_digit(
    search_folder: Path,
    searched: SearchResult,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    best = searched.best
    assert best is not None
    assert best.number or len(searched.trials) > 1
    assert searched.best_config is not None
    assert searched.best_config["runtime"]["pinned"] == best.pinned
    run = kt.run(searched.best_path, run_dir=search_folder / "winner")
    found = {f"validation_{name}": value for name, value in run.metrics["validation"].items()}
    assert found == dict(best.metrics)
    assert best.value == min(record.value for record in searched.trials if record.value is not None)
    assert run.manifest["phases"][-1]["best"] == dict(best.metrics)


@pytest.mark.slow
@pytest.mark.parametrize("objective", ["validation", "crossvalidate"])
def test_in_mixed_precision_too(search_folder: Path, tmp_path: Path, objective: str) -> None:
    found = kt.search(
        search_folder / "tiny.json", {"phases.top.learning_rate": [0.003, 0.03]}, sampler="grid", trials=2,
        directory=tmp_path, objective=objective, folds=2 if objective == "crossvalidate" else None,
        overrides="runtime.precision=mixed_bfloat16",
    )  # fmt: skip
    assert found.best is not None
    if objective == "validation":
        run = kt.run(found.best_path, run_dir=tmp_path / "winner")
        metrics = run.metrics["validation"]
        assert run.manifest["phases"][-1]["best"] != dict(found.best.metrics), "that was measured in bfloat16"
    else:
        folds = kt.crossvalidate(found.best_path, run_dir=tmp_path / "winner")
        metrics = {name: each["mean"] for name, each in folds.summary.items()}
    assert {f"validation_{name}": value for name, value in metrics.items()} == dict(found.best.metrics)


def test_trials_forked_and_kept_no_weights_and_none_saw_the_test_split(searched: SearchResult) -> None:
    assert [record.number for record in searched.trials] == list(range(7))
    assert searched.trials[0].values == searched.start
    assert sum(record.forked for record in searched.trials) >= 4
    kept = [path.name for path in searched.path.glob("trials/**/*") if path.is_file()]
    assert kept
    assert not [name for name in kept if name.endswith((".safetensors", ".keras")) or name == "metrics.json"]
    plan = json.loads((searched.path / "trials/0000/plan.json").read_text())
    assert "test" not in json.dumps(plan["cache"])


def test_a_search_that_is_done_only_prints_and_more_trials_are_added(
    search_folder: Path,
    searched: SearchResult,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(searching, "_carry_out", lambda *arguments: pytest.fail("it is done"))
    again = kt.search(search_folder / "tiny.json", tiny_search.SPACE, trials=7, metric="validation_loss")
    assert (again.path, again.trials) == (searched.path, searched.trials)
    monkeypatch.undo()
    more = kt.search(
        search_folder / "tiny.json",
        tiny_search.SPACE,
        trials=8,
        metric="validation_loss",
        output=search_folder / "best.json",
    )
    assert more.path == searched.path
    assert more.trials[:7] == searched.trials
    assert len(more.trials) == 8
    assert json.loads((search_folder / "best.json").read_text()) == more.best_config
    assert list(more.table.columns)[:3] == ["trial", "state", "validation_loss"]
    assert len(more.table) == 8
    assert more.plot()._repr_png_()
    assert "validation loss" in str(more)
    assert (more.path / "report/index.html").stat().st_size > 10_000


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ({"trials": 0}, "--trials: 0 is none"),
        ({"time": "soon"}, '"soon" is not a duration'),
        ({"metric": "validation_acuracy"}, "validation_accuracy"),
        ({"sampler": "grid"}, "no end to those of phases.top.learning_rate"),
        ({"overrides": "runtime.strategy=multi_worker"}, "one process"),
        ({"output": "nowhere/best.json"}, "is no folder"),
    ],
)
def test_calls_that_cannot_be_are_refused_before_anything_is_made(
    search_folder: Path,
    words: dict,
    said: str,
    tmp_path: Path,
) -> None:
    with pytest.raises(ConfigError, match=said):
        kt.search(search_folder / "tiny.json", tiny_search.SPACE, directory=tmp_path / "made", **words)
    assert not (tmp_path / "made").exists()
