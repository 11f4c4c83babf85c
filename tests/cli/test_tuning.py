"""The commands that try several trainings, as far as they train nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from kerastune_ft.api import search as searching
from kerastune_ft.api.search import SearchResult
from kerastune_ft.api.tuning import find_rate as finding
from kerastune_ft.api.tuning.find_rate import RateFinding
from kerastune_ft.cli.commands import main
from kerastune_ft.streams import fit_message


def give(*words: str) -> Result:
    return CliRunner().invoke(main, ["search", *words])


def test_the_result_is_a_table_sentences_and_the_next_command(
    searched: SearchResult, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: dict[str, Any] = {}

    def search(*arguments: Any, **options: Any) -> SearchResult:
        given.update(options)
        return searched

    monkeypatch.setattr(searching, "search", search)
    found = give("tiny.json", "{}", "--for", "20m", "--no-prune", "--trials", "5")
    assert found.exit_code == 0, found.output
    assert (given["time"], given["prune"], given["trials"]) == ("20m", False, 5)
    assert "as written" in found.output
    assert f"python -m kerastune_ft run {searched.best_path}" in found.output
    document = json.loads(give("tiny.json", "{}", "--json").stdout)
    assert [trial["number"] for trial in document["trials"]] == list(range(7))
    assert document["best_config"] == str(searched.best_path)


def test_every_problem_of_a_space_is_said_before_anything_is_done(search_folder: Path) -> None:
    found = give(str(search_folder / "tiny.json"), '{"head.dropot": [0.1, 0.2], "phases.top.epochs": {"low": 2}}')
    assert found.exit_code == 2
    assert 'did you mean "dropout"?' in found.output
    assert "phases.top.epochs.high" in found.output


def test_crossvalidate_says_what_it_takes() -> None:
    told = CliRunner().invoke(main, ["crossvalidate", "--help"]).output
    assert "--folds" in told and "--seeds" in told and "runs/<name>-folds-<n>" in " ".join(told.split())


def test_one_fold_is_no_division() -> None:
    done = CliRunner().invoke(main, ["crossvalidate", "mine.json", "--folds", "1"])
    assert done.exit_code == 2 and "--folds" in done.output


def test_find_rate_names_the_command_that_writes_with_what_was_given(monkeypatch: pytest.MonkeyPatch) -> None:
    found = RateFinding("top", 0.1, 20, (0.1, 0.2), (2.0, 1.0), (2.0, 1.0), False, {"valley": 0.1})
    monkeypatch.setattr(finding, "find_rate", lambda *given, **more: found)
    words = ["find-rate", "my photos.json", "--set", "seed=3", "--run-dir", "runs/a-1"]
    said = CliRunner().invoke(main, words).output.splitlines()[-1]
    assert said.endswith("find-rate 'my photos.json' --set seed=3 --phase top --run-dir runs/a-1 --write")
    assert "next:" not in CliRunner().invoke(main, [*words, "--write"]).output


def test_sentences_of_a_sweep_fit_a_terminal_and_its_chart_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    rates, losses = tuple(10.0 ** (step / 10 - 7) for step in range(80)), tuple(2 - step / 50 for step in range(80))
    found = RateFinding("a phase of a long name", 0.1, 100, rates, losses, losses, True, {"valley": 0.1})
    lines = fit_message(str(found), 80).split("\n")
    assert max(map(len, lines)) <= 80
    assert [line for line in found.chart.split("\n") if line not in lines] == []
