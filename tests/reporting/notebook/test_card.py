from __future__ import annotations

import json
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

import kerastune_ft as kt
from kerastune_ft.reporting.notebook.card import describe_run, render_card, show_results
from tests.support.kernels import be_in
from tests.support.run_files import write_run


def test_a_card_has_state_metrics_curve_and_places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    run = write_run(Path("runs/x&y-1"))
    (run / "report").mkdir()
    (run / "report" / "index.html").write_text("<html>")
    card = render_card(run)
    # It is whole, and nothing of a user is read as HTML.
    ElementTree.fromstring(card.replace("<br>", "<br/>"))
    assert len(card) < 12_000
    for text in ("x&amp;y-1", "done", "accuracy", "0.9032", "0.3333", "<svg", "validation AUC by epoch"):
        assert text in card
    assert '<a href="runs/x&amp;y-1/report/index.html"' in card
    assert "<style" not in card and "class=" not in card


def test_in_print_it_is_a_few_lines(tmp_path: Path) -> None:
    run = write_run(tmp_path / "x-1")
    lines = describe_run(run).splitlines()
    assert lines[0].startswith(f"run {run}: done")
    assert lines[1:6] == [
        "test      this model  constant",
        "loss          0.2741    1.0986",
        "accuracy      0.9032    0.3333",
        "macro F1      0.8911    0.1667",
        "AUC           0.9611    0.5000",
    ]
    assert lines[6].startswith("hint: Phase top_1 still improved")
    assert repr(kt.Run(run)) == str(kt.Run(run)) == describe_run(run)


def test_intervals_and_the_number_of_examples_stand_beside_the_metrics(tmp_path: Path) -> None:
    run = write_run(tmp_path / "x-1")
    metrics = json.loads((run / "metrics.json").read_text())
    metrics |= {"intervals": {"test": {"accuracy": [0.8612, 0.941]}}, "examples": {"test": 1250}}
    (run / "metrics.json").write_text(json.dumps(metrics))
    lines = describe_run(run).splitlines()
    assert lines[1].startswith("test, 1,250 examples  this model ")
    assert lines[3].split() == ["accuracy", "0.9032", "0.8612", "to", "0.9410", "0.3333"]
    assert "0.8612 to 0.9410" in render_card(run)


def test_the_results_of_a_call_are_the_metrics_of_the_test_split(tmp_path: Path) -> None:
    results = show_results(write_run(tmp_path / "x-1"))
    assert results.html.count("<tr") == 5
    assert "accuracy" in results.text


def test_without_a_test_split_it_shows_validation_and_without_a_constant_one_column(tmp_path: Path) -> None:
    run = write_run(tmp_path / "x-1")
    metrics = json.loads((run / "metrics.json").read_text())
    (run / "metrics.json").write_text(json.dumps({"validation": metrics["validation"]}))
    (run / "evaluation" / "constant.json").unlink()
    assert describe_run(run).splitlines()[1:3] == ["validation  this model", "loss            0.2841"]


def test_a_run_that_is_not_done_says_how_far_it_is_and_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = write_run(tmp_path / "x-1", state="running")
    (run / "metrics.json").unlink()
    assert describe_run(run).splitlines() == [
        f"run {run}: interrupted, in phase top_1 after epoch 3, chest, trained for 1 min 09 s",
        "the process was killed; the same command goes on",
    ]
    be_in(monkeypatch)
    assert "the same call goes on" in render_card(run)


@pytest.mark.parametrize("name", ["manifest.json", "metrics.json", "history.csv", "evaluation/constant.json"])
def test_a_damaged_run_is_a_card_too(tmp_path: Path, name: str) -> None:
    run = write_run(tmp_path / "x-1")
    (run / name).write_bytes(b'{"epoch",\xff\nhead,x')
    assert "x-1" in render_card(run)
    assert "x-1" in describe_run(run)
