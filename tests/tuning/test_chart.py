from __future__ import annotations

import numpy as np

from kerastune_ft.tuning.chart import draw_chart, draw_figure

RATES = np.geomspace(1e-6, 1, 60).tolist()
LOSSES = [2 - rate**0.2 for rate in RATES[:50]] + [9.0] * 10
MARKS = {"valley": RATES[20], "steepest": RATES[30]}


def test_the_chart_has_a_point_for_every_column_and_its_marks_where_they_are() -> None:
    lines = draw_chart(RATES, LOSSES, MARKS).splitlines()
    assert len({len(line) <= 74 for line in lines}) == 1 and len(lines) == 14
    *_, axis, ends = lines
    first = axis.index("└") + 1
    assert axis.index("V") - first == round(20 / 59 * 63) and axis.index("S") - first == round(30 / 59 * 63)
    assert ends.split() == ["1e-06", "1"]
    assert sum(line.count("•") for line in lines) == 60
    # Losses that exploded are at the upper edge, beside the label of the highest loss shown.
    assert lines[0].count("•") == 10 and float(lines[0].split()[0]) < 9


def test_the_figure_has_a_line_at_every_mark() -> None:
    figure = draw_figure(RATES, LOSSES, LOSSES, MARKS, "phase head")
    labels = [text.get_text() for text in figure.axes[0].get_legend().get_texts()]
    assert [label.split()[0] for label in labels] == ["loss", "smoothed", "valley", "steepest"]
    assert figure.axes[0].get_xscale() == "log"
