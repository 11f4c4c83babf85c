"""Draws the learning curves of several runs over each other."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from kerastune_ft.reporting.drawing import COLOURS, style_frame
from kerastune_ft.reporting.metric_names import find_headline
from kerastune_ft.reporting.quantities import format_words, is_number

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from kerastune_ft.reporting.page.picture import Picture

_LINES = ("validation", "best", "second", "third", "ink", "train")
_DASHES = ("-", "--", ":", "-.")
_LOSS = "validation_loss"
_LETTERS = 32


def draw_overlaid(histories: Mapping[str, Sequence[Mapping[str, Any]]], narrow: bool = False) -> Picture:
    """Return validation loss and headline metric by epoch, counted over all phases; a line for each run.

    `histories` has the rows of history.csv by the name of the run, at least one row. A new phase is a small mark on the
    line, at its first epoch.
    """
    from kerastune_ft.reporting.page.picture import Picture

    headline = find_headline({name for rows in histories.values() for row in rows for name in row})
    panels = [_LOSS, *([headline] if headline else [])]
    height = (2.2 if narrow else 2.6) * len(panels) + 0.26 * (len(histories) if narrow else -(-len(histories) // 3))
    figure = Picture(figsize=(4.0 if narrow else 9.0, height + 0.5), layout="constrained")
    axes = figure.subplots(len(panels), 1, sharex=True, squeeze=False)[:, 0]
    for axis, column in zip(axes, panels, strict=True):
        for number, (name, rows) in enumerate(histories.items()):
            _draw(axis, name, rows, column, number)
        axis.set_ylabel(textwrap.fill(format_words(column), 22), color=COLOURS["muted"])
        axis.grid(axis="y", color=COLOURS["grid"], linewidth=0.8)
        style_frame(axis)
    _number_epochs(axes[-1], histories, narrow)
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(
        handles, labels, loc="outside upper left", ncols=1 if narrow else 3, frameon=False, fontsize=9,
        labelcolor=COLOURS["ink"],
    )  # fmt: skip
    return figure


def _draw(axis: Axes, name: str, rows: Sequence[Mapping[str, Any]], column: str, number: int) -> None:
    known: list[tuple[float, Any]] = [
        (place + 1, row[column]) for place, row in enumerate(rows) if is_number(row.get(column))
    ]
    if not known:
        known = [(float("nan"), float("nan"))]
    colour = COLOURS[_LINES[number % len(_LINES)]]
    style = _DASHES[number // len(_LINES) % len(_DASHES)]
    label = (name if len(name) <= _LETTERS else f"{name[: _LETTERS - 1]}…").replace("$", r"\$")
    axis.plot(*zip(*known, strict=True), color=colour, linestyle=style, linewidth=1.6, label=label,
              marker="o" if len(known) == 1 else "", markersize=4)  # fmt: skip
    values = dict(known)
    begun = [place + 1 for place in range(1, len(rows)) if rows[place]["phase"] != rows[place - 1]["phase"]]
    shown = [(place, values[place]) for place in begun if place in values]
    if shown:
        axis.plot(*zip(*shown, strict=True), linestyle="none", marker="|", markersize=11, color=colour)


def _number_epochs(axis: Axes, histories: Mapping[str, Sequence[Mapping[str, Any]]], narrow: bool) -> None:
    from matplotlib.ticker import MaxNLocator

    longest = max(map(len, histories.values()))
    axis.set_xlim(0.5, longest + 0.5)
    axis.xaxis.set_major_locator(MaxNLocator(nbins=7 if narrow else 16, integer=True, min_n_ticks=1))
    axis.set_xlabel("epoch" if narrow else "epoch, counted over all phases", color=COLOURS["muted"])
