from __future__ import annotations

from pathlib import Path
from typing import get_args

import pytest

from kerastune_ft.config.options.task_facts import LabelKind, metrics_of_labels
from kerastune_ft.reporting.page import document
from kerastune_ft.reporting.results.base import Results
from kerastune_ft.reporting.results.pages import PAGES
from tests.support import run_files

_KINDS = get_args(LabelKind)


def test_every_kind_of_labels_has_a_page() -> None:
    assert set(PAGES) == set(_KINDS)


@pytest.mark.parametrize("kind", _KINDS)
def test_the_headlines_of_a_page_are_metrics_of_its_labels(kind: LabelKind) -> None:
    headlines = PAGES[kind].headlines
    assert set(headlines) <= set(metrics_of_labels(kind))
    assert metrics_of_labels(kind)[headlines[0]].headline


@pytest.mark.parametrize("kind", _KINDS)
def test_a_run_without_predictions_has_no_figures_and_its_page_says_so(kind: LabelKind, tmp_path: Path) -> None:
    assert not any(PAGES[kind].summarise(Results(names=("a", "b"))).values())
    run = run_files.write_run(tmp_path / "r", examples=False)
    plan = run_files.plan_document()
    plan["labels"] |= {"kind": kind, "mean": [0.0] * 3, "deviation": [1.0] * 3}
    run_files.write_json(run / "plan.json", plan)
    for name in ("metrics.json", "evaluation/predictions.csv"):
        (run / name).unlink()
    page = document.render(run)
    assert "<code>evaluation/predictions.csv</code> is written when the final model is evaluated" in page
    assert PAGES[kind].describe_labels(plan["labels"]["names"]) in page


@pytest.mark.parametrize("kind", _KINDS)
def test_labels_are_described_in_one_line_that_names_them(kind: LabelKind) -> None:
    text = PAGES[kind].describe_labels(("cell", "edge"))
    assert "\n" not in text
    assert "cell, edge" in text
    many = PAGES[kind].describe_labels([f"c{number}" for number in range(20)])
    assert "c7, …" in many
    assert "c8" not in many
