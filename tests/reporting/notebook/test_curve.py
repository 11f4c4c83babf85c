from __future__ import annotations

import math
import re
import xml.etree.ElementTree as ElementTree
from typing import Any

from kerastune_ft.reporting.notebook.curve import draw_curve


def rows(*values: float, phase: str = "head", **more: Any) -> list[dict[str, Any]]:
    return [
        {"phase": phase, "epoch": place + 1, "train_accuracy": value / 2, "validation_accuracy": value, **more}
        for place, value in enumerate(values)
    ]


def lines(svg: str) -> list[list[tuple[float, float]]]:
    found = ElementTree.fromstring(svg).iter("polyline")
    return [[tuple(map(float, point.split(","))) for point in line.attrib["points"].split()] for line in found]  # type: ignore[misc]


def test_the_monitor_is_drawn_upwards_with_training_beside_it() -> None:
    svg = draw_curve(rows(0.2, 0.6) + rows(0.8, phase="top"), "validation_accuracy")
    train, validation = lines(svg)
    assert len(train) == len(validation) == 3
    heights = [y for _, y in validation]
    assert heights == sorted(heights, reverse=True)
    # The values lie on one scale: 0.2 of validation is as high as 0.4 / 2 of training would be.
    assert train[1][1] > validation[1][1]
    assert "validation accuracy by epoch" in svg
    assert ">0.8000<" in svg
    assert ">top<" in svg or svg.count("stroke-dasharray") == 1


def test_the_bold_number_is_the_best_epoch_and_the_grey_line_has_a_name() -> None:
    svg = draw_curve(rows(0.2, 0.9, 0.6), "validation_accuracy")
    assert ">0.9000<" in svg and ">0.6000<" not in svg and svg.count("<circle") == 1
    assert "grey: train accuracy" in svg
    loss = [
        {"phase": "head", "epoch": place, "validation_loss": value} for place, value in ((1, 2.0), (2, 0.5), (3, 1.0))
    ]
    assert ">0.5000<" in draw_curve(loss, None) and "grey" not in draw_curve(loss, None)


def test_what_was_not_measured_leaves_a_gap() -> None:
    svg = draw_curve(rows(0.2, 0.3, math.nan, 0.5, 0.6), "validation_accuracy")
    assert [len(line) for line in lines(svg)] == [2, 2, 2, 2]


def test_one_epoch_is_a_dot_and_equal_values_a_line_in_the_middle() -> None:
    assert draw_curve(rows(0.5), "validation_accuracy").count("<circle") == 2
    assert lines(draw_curve(rows(1.0, 1.0), "validation_accuracy"))


def test_without_the_monitor_the_metric_of_the_task_is_drawn() -> None:
    assert "validation accuracy by epoch" in draw_curve(rows(0.5, 0.6), "validation_auc")
    loss = [{"phase": "head", "epoch": 1, "validation_loss": 2.0}]
    assert "validation loss by epoch" in draw_curve(loss, None)


def test_without_history_there_is_no_curve() -> None:
    assert draw_curve([], "validation_accuracy") == ""
    assert draw_curve(rows(math.nan), None) == ""


def test_names_are_escaped_and_several_pictures_do_not_share_names() -> None:
    svg = draw_curve(rows(*[0.1] * 30, phase="<b>&"), "validation_accuracy")
    assert "&lt;b&gt;&amp;" in svg
    assert not re.search(r"\bid=|url\(#", svg)
