from __future__ import annotations

from kerastune_ft.reporting.drawing import render_svg
from kerastune_ft.reporting.results.box_charts import MOST_DRAWN, draw_detections

NO_SCORES = {"hits": [0], "false_alarms": [0]}


def test_of_many_classes_the_worst_are_drawn() -> None:
    classes = [
        {"class": f"kind {place:02d}", "average_precision_50": place / 20, "recall": 0.5, "precision": None}
        for place in range(MOST_DRAWN + 3)
    ]
    curves = {str(row["class"]): [1.0, 0.5, 0.0] for row in classes} | {"kind 00": None}
    drawn = render_svg(draw_detections(classes, {"curves": curves, "scores": NO_SCORES}), "curves")
    assert "kind 01" in drawn and f"kind {MOST_DRAWN:02d}" in drawn
    assert "kind 00" not in drawn and f"kind {MOST_DRAWN + 1:02d}" not in drawn


def test_a_curve_has_its_points_at_equal_steps_and_the_point_of_the_threshold() -> None:
    row = {"class": "a $b", "average_precision_50": 0.5, "recall": 0.25, "precision": 0.75}
    axis, _ = draw_detections([row], {"curves": {"a $b": [1.0, 0.5, 0.0]}, "scores": NO_SCORES}, narrow=True).axes
    assert axis.lines[0].get_xydata().tolist() == [[0, 1], [0.5, 0.5], [1, 0]]
    assert axis.lines[1].get_xydata().tolist() == [[0.25, 0.75]]


def test_false_alarms_stand_upon_hits() -> None:
    _, axis = draw_detections([], {"curves": {}, "scores": {"hits": [0, 3], "false_alarms": [5, 1]}}).axes
    assert [(bar.get_y(), bar.get_height()) for bar in axis.patches] == [(0, 0), (0, 3), (0, 5), (3, 1)]
