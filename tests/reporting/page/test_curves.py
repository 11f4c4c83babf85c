from __future__ import annotations

import random
import xml.etree.ElementTree as ElementTree
from typing import Any

import matplotlib
import pandas
import pytest

from kerastune_ft.reporting import drawing
from kerastune_ft.reporting.page import curves
from tests.support import run_files


def draw(phases: int = 2, epochs: int = 3, **phase_values: Any) -> Any:
    plan = run_files.plan_document(phases=phases, epochs=epochs)
    history = run_files.history_rows(plan, random.Random(2))
    ran = [{**phase, **phase_values} for phase in run_files.manifest_document(plan, history)["phases"]]
    return curves.draw_learning_curves(pandas.DataFrame(history), ran), history, ran


def test_every_epoch_is_drawn_at_its_place() -> None:
    figure, history, _ = draw(phases=3, epochs=4)
    loss = figure.axes[0]
    lines = [line for line in loss.get_lines() if line.get_color() == "#2457d6"]
    places = [place for line in lines for place in line.get_xdata()]
    values = [value for line in lines for value in line.get_ydata()]
    assert places == list(range(1, 13))
    assert values == [row["validation_loss"] for row in history]


def test_the_best_epoch_is_ringed_on_its_monitor() -> None:
    figure, _, ran = draw(phases=2, epochs=3)
    rings = [line for line in figure.axes[1].get_lines() if line.get_markersize() == 9]
    found = [(line.get_xdata()[0], line.get_ydata()[0]) for line in rings]
    assert found == [
        (phase["best_epoch"] + 3 * place, phase["best"]["validation_auc"]) for place, phase in enumerate(ran)
    ]
    assert not [line for line in figure.axes[0].get_lines() if line.get_markersize() == 9]


def test_with_the_loss_as_monitor_accuracy_is_drawn_beside_it() -> None:
    figure, _, _ = draw(monitor="validation_loss")
    assert [axis.get_ylabel() for axis in figure.axes] == ["loss", "validation accuracy", "learning rate"]


def test_a_history_of_losses_alone_is_drawn() -> None:
    _, history, ran = draw()
    frame = pandas.DataFrame(history)[["phase", "epoch", "learning_rate", "train_loss", "validation_loss"]]
    assert [axis.get_ylabel() for axis in curves.draw_learning_curves(frame, ran).axes] == ["loss", "learning rate"]


@pytest.mark.parametrize(("name", "shown"), [("a $very_{odd$ 名", "a $very_{odd$ 名"), ("x" * 200, "x" * 51 + "…")])
def test_a_phase_name_is_text_and_is_cut_to_its_room(name: str, shown: str) -> None:
    _, history, ran = draw()
    frame = pandas.DataFrame(history).replace({"phase": {"head": name}})
    figure = curves.draw_learning_curves(frame, [{**ran[0], "name": name}, ran[1]])
    assert shown in {text.get_text() for text in figure.axes[0].texts}
    ElementTree.fromstring(drawing.render_svg(figure, "curves"))


def test_the_svg_is_deterministic_and_takes_its_colours_from_the_page() -> None:
    before = dict(matplotlib.rcParams)
    first, second = (drawing.render_svg(draw()[0], "curves") for _ in range(2))
    assert first == second
    assert dict(matplotlib.rcParams) == before
    assert first.startswith('<svg role="img"') and "var(--validation, #2457d6)" in first
    assert "http" not in first.replace("http://www.w3.org/", "")
    assert "<metadata" not in first and "<!DOCTYPE" not in first


def draw_rates(*phases: tuple[float, list[float]]) -> Any:
    """Return the panel of learning rates of phases, each a peak and the rates at the ends of its epochs."""
    rows = [
        {"phase": f"p{place}", "epoch": epoch, "learning_rate": rate, "train_loss": 1.0, "validation_loss": 1.0}
        for place, (_, rates) in enumerate(phases)
        for epoch, rate in enumerate(rates, 1)
    ]
    planned = [{"name": f"p{place}", "learning_rate": {"peak": peak}} for place, (peak, _) in enumerate(phases)]
    return curves.draw_learning_curves(pandas.DataFrame(rows), [], planned).axes[-1]


def test_no_rate_leaves_the_plot_and_every_peak_is_shown() -> None:
    axis = draw_rates((1e-3, [5e-4, 1e-7]), (1e-4, [2.78e-6]), (1e-4, [9e-5, 7.6e-8]))
    low, high = axis.get_ylim()
    values = [value for line in axis.get_lines() for value in line.get_ydata()]
    assert low < min(values) and max(values) < high
    marked = [line.get_xdata()[0] for line in axis.get_lines() if line.get_marker() == "v"]
    assert marked == [2, 5]
    peaks = [(*line.get_xdata(), *line.get_ydata()) for line in axis.get_lines() if line.get_linestyle() == ":"]
    assert peaks == [(0.5, 2.5, 1e-3, 1e-3), (2.5, 3.5, 1e-4, 1e-4), (3.5, 5.5, 1e-4, 1e-4)]
    assert [float(tick) for tick in axis.get_yticks()] == [1e-3, 1e-4, pytest.approx(1e-6)]


def test_the_band_is_of_the_rates_that_units_have_where_the_head_has_its_own() -> None:
    plan = run_files.plan_document(phases=1, epochs=2)
    plan["phases"][0] |= {"learning_rate": {"peak": 1e-4}, "rates": {"top": 1e-4, "head": 1e-3}}
    history = [
        {"phase": plan["phases"][0]["name"], "epoch": epoch, "learning_rate": 1e-4, "train_loss": 1.0}
        for epoch in (1, 2)
    ]
    axis = curves.draw_learning_curves(pandas.DataFrame(history), [], plan["phases"]).axes[-1]
    heights = axis.collections[0].get_paths()[0].vertices[:, 1]
    assert (min(heights), max(heights)) == (pytest.approx(1e-4), pytest.approx(1e-3))
