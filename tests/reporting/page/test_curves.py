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
