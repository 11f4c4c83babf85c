from __future__ import annotations

from typing import Any

import pytest
from rich.console import Console

from kerastune_ft.reporting import data_table, plan_lines
from kerastune_ft.reporting.progress import describe_phase_start
from kerastune_ft.reporting.terminal import tables
from tests.support import run_files


def render(renderable: Any, width: int = 100) -> str:
    console = Console(width=width, color_system=None)
    with console.capture() as capture:
        console.print(renderable)
    return capture.get()


def test_the_notebook_plan_says_what_the_terminal_says_and_escapes() -> None:
    plan = run_files.plan_document(classes=("<b>x</b>", "y"))
    plan["notes"] = ["<i>note</i>"]
    html = tables.render_plan_html(plan)
    assert "<b>x</b>" not in html and "&lt;b&gt;x&lt;/b&gt;" in html and "<i>note" not in html
    assert "1, 2 batches" not in html and "2 batches make one step" in html and "http" not in html


def test_one_phase_of_one_epoch_is_singular() -> None:
    plan = run_files.plan_document(phases=1, epochs=1)
    for text in (render(tables.build_plan_table(plan)), tables.render_plan_html(plan)):
        assert "1 phase" in text and "1 phases" not in text
        assert "1 epoch x" in text


def test_a_plan_with_many_classes_is_shortened() -> None:
    text = render(tables.build_plan_table(run_files.plan_document(classes=[f"c{n}" for n in range(100)])))
    assert "… 88 more" in text and "c99" not in text and "4,000" in text


def test_a_plan_of_several_labels_ends_its_counts_with_the_examples() -> None:
    plan = run_files.plan_document()
    plan["labels"]["kind"] = "several"
    plan["data"]["sizes"] = {"train": 70, "validation": 15, "test": 16}
    text = render(tables.build_plan_table(plan))
    assert "70 train, 15 validation, 16 test" in text and "any of 3 classes" in text
    assert ["examples", "70", "15", "16"] in [line.split() for line in text.splitlines()]


def test_a_plan_of_values_shows_their_spread_in_terminal_and_notebook() -> None:
    plan = run_files.plan_document()
    plan["labels"] = {"kind": "values", "names": ["dose"], "mean": [0.003], "deviation": [0.001]}
    spread = {"mean": 0.0031, "deviation": 0.0012, "smallest": 0.0, "largest": 12345.0}
    plan["data"] |= {"classes": [], "counts": {}, "values": {"train": {"dose": spread}}}
    text = render(tables.build_plan_table(plan))
    assert ["dose", "train", "120", "0.0031", "0.0012", "0", "12,345"] in [line.split() for line in text.splitlines()]
    assert "1 value: dose; standardised inside" in text
    html = tables.render_plan_html(plan)
    assert "values by split" in html and "0.0031</td>" in html and "12,345</td>" in html


@pytest.mark.parametrize(
    ("mode", "text"),
    [
        ("frozen", "frozen: 3 layers in inference mode; statistics, gamma and beta stay as they are"),
        ("statistics", "statistics: 3 layers normalised by each global batch, statistics updated; gamma and beta stay"),
        ("train", "train: 3 layers normalised by each global batch, statistics updated; gamma and beta train"),
    ],
)
def test_a_plan_says_what_batch_norms_do(mode: str, text: str) -> None:
    plan = run_files.plan_document()
    phase = plan["phases"][1]
    told = {
        fact.label: fact.text
        for fact in plan_lines.describe_phase({**phase, "batch_norm": mode, "batch_norm_layers": 3}, plan)
    }
    assert told["batch norm"].startswith(text)
    assert "batch norm" not in {
        fact.label for fact in plan_lines.describe_phase({**phase, "batch_norm_layers": 0}, plan)
    }


def test_many_class_weights_are_their_range() -> None:
    by_class = {f"c{number}": 0.5 + number for number in range(20)}
    assert data_table.describe_class_weights(by_class) == "20 classes, from 0.5 (c0) to 19.5 (c19)"


UNITS = ["stem", "block1", "block2", "block3", "block9", "block10", "block11", "head"]


@pytest.mark.parametrize(
    ("names", "text"),
    [
        (["block1", "block10", "block11", "head"], "block1, block10 … head"),
        (["stem", "block1", "block2", "block3", "block9", "block10", "block11", "head"], "stem … head"),
        (["block10", "head"], "block10, head"),
        (["stem", "block2", "block9", "head"], "stem, block2, block9, head"),
        (["head"], "head"),
    ],
)
def test_a_range_of_units_hides_none_that_stays_frozen(names: list[str], text: str) -> None:
    assert plan_lines.name_spans(names, UNITS) == text


def test_rates_of_units_that_are_no_neighbours_stand_apart() -> None:
    rates = {"block1": 0.1, "block2": 0.1, "block3": 0.1, "block11": 0.1, "head": 0.2}
    assert plan_lines.name_rates(rates, UNITS) == "block1 … block3, block11 0.1, head 0.2"


def test_the_plan_and_the_screen_name_the_units_of_a_pattern_alike() -> None:
    plan = {"backbone": {"units": [{"id": unit} for unit in UNITS[:-1]]}}
    phase = {"trains": ["block1", "block10", "block11", "head"]}
    assert plan_lines.name_units(phase, plan) == "block1, block10, block11, head"
    about = {"name": "top", "trainable_parameters": 2, "trainable_share": 0.5, "steps": 3, "epochs": 1}
    assert describe_phase_start({**about, **phase}, 0, plan_lines.list_units(plan)) == (
        "phase top: trains block1, block10 … head (2 parameters, 50 %), 3 steps in at most 1 epoch"
    )


@pytest.mark.parametrize(
    ("devices", "said"),
    [
        ({"strategy": "none", "replicas": 1, "devices": ["CPU"], "note": ""}, "CPU"),
        ({"strategy": "none", "replicas": 1, "devices": ["CPU"], "note": "no GPU"}, "CPU; no GPU"),
        ({"strategy": "mirrored", "replicas": 2, "devices": ["a", "b"]}, "2 replicas (mirrored) on a, b"),
        ({}, ""),
    ],
)
def test_devices_are_said_in_words(devices: dict[str, object], said: str) -> None:
    assert plan_lines.describe_devices(devices) == said
