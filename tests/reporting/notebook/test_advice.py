from __future__ import annotations

import json
import pickle
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import kerastune_ft as kt
from kerastune_ft.reporting.notebook.advice import explain_findings, list_advice, read_advice
from kerastune_ft.reporting.notebook.card import describe_run, render_card, show_results
from tests.support.run_files import write_run

WEAK = {
    "name": "random_backbone", "level": "warning", "text": "It began <random>.", "advice": "Take weights",
    "set": ["backbone.weights=imagenet", "phases.top.epochs=20"],
}  # fmt: skip


def write_weak_run(folder: Path) -> Path:
    run = write_run(folder)
    config = json.loads((run / "config.json").read_text())
    config["backbone"] = {"kind": "applications", "name": "MobileNet", "weights": None}
    (run / "config.json").write_text(json.dumps(config))
    return run


def test_what_to_try_next_is_a_call_of_python() -> None:
    assert list_advice(explain_findings([WEAK], Path("runs/x-1"))) == [
        "warning: It began <random>.",
        "  Take weights:",
        '  kt.run("runs/x-1/config.json", overrides={"backbone.weights": "imagenet", "phases.top.epochs": 20})',
    ]
    assert list_advice(explain_findings([{**WEAK, "set": []}], Path("x")))[1:] == ["  Take weights."]
    assert list_advice(explain_findings([{**WEAK, "set": [], "advice": ""}], Path("x")))[1:] == []


def test_card_print_and_the_end_of_a_call_warn(tmp_path: Path) -> None:
    run = write_weak_run(tmp_path / "x-1")
    results, card = show_results(run), render_card(run)
    for shown in (describe_run(run), results.text, results.html, card):
        assert "The backbone began with random weights" in shown
        assert "overrides={" in shown.replace("&#34;", '"')
    ElementTree.fromstring(card.replace("<br>", "<br/>"))
    assert describe_run(run).index("warning: ") > describe_run(run).index("accuracy")


def test_a_damaged_run_has_no_advice(tmp_path: Path) -> None:
    run = write_weak_run(tmp_path / "x-1")
    (run / "plan.json").write_bytes(b"{\xff")
    assert read_advice(run) == []


def test_the_findings_of_a_run_print_as_sentences(tmp_path: Path) -> None:
    findings = kt.open_run(write_weak_run(tmp_path / "x-1")).findings
    assert "random_backbone" in [each["name"] for each in findings]
    assert "warning: The backbone began with random weights" in repr(findings)
    assert "overrides={" in findings._repr_html_().replace("&#34;", '"')
    assert type(pickle.loads(pickle.dumps(findings))) is list
