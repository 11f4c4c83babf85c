from __future__ import annotations

import io

from rich.console import Console, Group

from kerastune_ft.metrics.box_figures import describe_boxes
from kerastune_ft.reporting.terminal.box_tables import build_boxes
from kerastune_ft.reporting.terminal.evaluation_tables import build_evaluation
from tests.support.drawn_boxes import draw_boxes

NAMES = ["red", "white", "never"]


def test_classes_sizes_and_what_the_means_leave_out() -> None:
    found = describe_boxes(*draw_boxes(12, 2, 3), NAMES, dict.fromkeys(NAMES, 0.25))
    console = Console(file=io.StringIO(), width=120, record=True)
    console.print(build_evaluation({"boxes": found}, 12, None, "test"))
    text = console.export_text()
    row = found["classes"][0]
    assert f"{row['average_precision']:.4f}" in text and f"{row['recall']:.4f}" in text and "0.2500" in text
    assert f"{found['sizes'][1]['average_recall']:.4f}" in text
    assert "no box of never is there, so the means leave it out" in text
    assert "as COCO has it" not in text


def test_another_limit_is_said() -> None:
    found = describe_boxes(*draw_boxes(12, 2, 3), NAMES, dict.fromkeys(NAMES, 0.25))
    own = {"limit": 300, "mean_average_precision": 0.5}
    console = Console(file=io.StringIO(), width=200, record=True)
    console.print(Group(*build_boxes(found | {"at_own_limit": own})))
    assert "100 detections of a class in a picture, as COCO has it; with 300 mean average precision is 0.5000" in (
        console.export_text()
    )
