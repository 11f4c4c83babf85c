from __future__ import annotations

import math

import pytest

from kerastune_ft.reporting.page.overlaid_curves import draw_overlaid


def rows(phases: list[tuple[str, int]], start: float) -> list[dict]:
    found: list[dict] = []
    for name, epochs in phases:
        for epoch in range(1, epochs + 1):
            loss = start / (len(found) + 1)
            found.append({"phase": name, "epoch": epoch, "validation_loss": loss, "validation_accuracy": 1 - loss / 2})
    return found


@pytest.mark.parametrize("narrow", [False, True])
def test_every_run_is_a_line_over_all_its_phases(narrow: bool) -> None:
    histories = {"a": rows([("head", 3), ("top", 2)], 1.0), "b$x": rows([("head", 4)], 0.8)}
    figure = draw_overlaid(histories, narrow)
    loss, accuracy = figure.axes
    first, mark, second = loss.lines
    assert list(first.get_xdata()) == [1, 2, 3, 4, 5] and list(mark.get_xdata()) == [4]
    assert list(second.get_ydata()) == [row["validation_loss"] for row in histories["b$x"]]
    assert accuracy.get_ylabel() == "validation accuracy" and accuracy.get_xlim() == (0.5, 5.5)
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["a", r"b\$x"]


def test_many_runs_are_told_apart_by_dashes() -> None:
    histories = {f"r{number}": rows([("head", 2)], 1.0 + number) for number in range(8)}
    lines = draw_overlaid(histories).axes[0].lines
    assert len({(line.get_color(), line.get_linestyle()) for line in lines}) == 8


def test_what_was_not_measured_leaves_a_gap() -> None:
    lost = [{**row, "validation_loss": math.nan} for row in rows([("head", 2)], 1.0)]
    figure = draw_overlaid({"a": lost, "b": rows([("head", 2)], 1.0)})
    assert all(math.isnan(value) for value in figure.axes[0].lines[0].get_ydata())
