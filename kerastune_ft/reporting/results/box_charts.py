"""Draws precision over recall of detections by class, and how their scores spread."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from kerastune_ft.reporting.drawing import COLOURS, style_frame

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_DRAWN = 12
"""The number of classes up to which curves are told apart; of more, those of the lowest average precision are drawn."""
_LINES = ("validation", "best", "second", "third", "ink", "train")
_DASHES = ("-", "--")
_LETTERS = 24


def draw_detections(classes: Sequence[Mapping[str, Any]], found: Mapping[str, Any], narrow: bool = False) -> Figure:
    """Return precision at an IoU of .5 over recall by class, beside how many detections have which score.

    A curve has the largest precision at each of its equally spaced recalls or above, and the point of the threshold of
    its class. Detections that find a true box stand below those that find none. `found` are `curves` and `scores` of
    `metrics.box_figures`.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(4.0, 7.0) if narrow else (9.6, 4.2), layout="constrained")
    left, right = figure.subplots(2, 1) if narrow else figure.subplots(1, 2)
    _draw_curves(left, classes, found["curves"])
    _draw_scores(right, found["scores"])
    for axis in (left, right):
        style_frame(axis)
    left.grid(color=COLOURS["grid"], linewidth=0.7)
    right.grid(axis="y", color=COLOURS["grid"], linewidth=0.7)
    return figure


def _draw_curves(
    axis: Axes, classes: Sequence[Mapping[str, Any]], curves: Mapping[str, Sequence[float] | None]
) -> None:
    known = [row for row in classes if curves.get(str(row["class"])) is not None]
    chosen = sorted(known, key=lambda row: row["average_precision_50"])[:MOST_DRAWN]
    for number, row in enumerate(row for row in known if row in chosen):
        name = str(row["class"])
        values = curves[name] or ()
        colour = COLOURS[_LINES[number % len(_LINES)]]
        label = (name if len(name) <= _LETTERS else f"{name[: _LETTERS - 1]}…").replace("$", r"\$")
        recalls = [place / (len(values) - 1) for place in range(len(values))]
        dashes = _DASHES[number // len(_LINES) % len(_DASHES)]
        area = f"{label}: {row['average_precision_50']:.3f}"
        axis.plot(recalls, values, dashes, color=colour, linewidth=1.5, label=area)
        if row["recall"] is not None and row["precision"] is not None:
            axis.plot([row["recall"]], [row["precision"]], "o", color=colour, markersize=6)
    axis.set_xlim(-0.02, 1.02)
    axis.set_ylim(-0.02, 1.02)
    axis.set_xlabel("recall: share of the boxes that are found", color=COLOURS["muted"])
    axis.set_ylabel("precision", color=COLOURS["muted"])
    if known:
        axis.legend(loc="lower left", frameon=False, fontsize=8, labelcolor=COLOURS["ink"])


def _draw_scores(axis: Axes, scores: Mapping[str, Sequence[int]]) -> None:
    from matplotlib.ticker import MaxNLocator

    bins = len(scores["hits"])
    middles = [(place + 0.5) / bins for place in range(bins)]
    width = 0.92 / bins
    axis.bar(middles, scores["hits"], width, color=COLOURS["validation"], label="find a box")
    axis.bar(
        middles, scores["false_alarms"], width, bottom=scores["hits"], color=COLOURS["best"], label="find none"
    )  # fmt: skip
    axis.set_xlim(0, 1)
    axis.yaxis.set_major_locator(MaxNLocator(integer=True, nbins=5))
    axis.set_xlabel("score", color=COLOURS["muted"])
    axis.set_ylabel("detections", color=COLOURS["muted"])
    axis.legend(loc="best", frameon=False, fontsize=8, labelcolor=COLOURS["ink"])
