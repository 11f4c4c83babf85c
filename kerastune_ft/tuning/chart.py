"""Pictures of a sweep: characters for the terminal, and a figure."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from kerastune_ft.reporting.drawing import COLOURS, style_frame
from kerastune_ft.reporting.quantities import format_rate

if TYPE_CHECKING:
    from kerastune_ft.reporting.page.picture import Picture

_WIDTH, _HEIGHT = 64, 12
# What is above so many times the least loss would press everything else to the bottom.
_HIGHEST = 2.5


def draw_chart(rates: Sequence[float], smoothed: Sequence[float], marks: Mapping[str, float]) -> str:
    """Return the smoothed loss by rate in characters; below it the first letter of each mark at its rate.

    Rates are on a logarithmic axis; losses far above the first are at the upper edge.
    """
    losses = np.asarray(smoothed, np.float64)
    low = float(losses.min())
    high = min(float(losses.max()), max(_HIGHEST * low, float(losses[0]) * 1.25))
    span = high - low or 1.0
    logs = np.log(np.asarray(rates, np.float64))
    width = float(logs[-1] - logs[0]) or 1.0

    def column(rate: float) -> int:
        return round((math.log(rate) - float(logs[0])) / width * (_WIDTH - 1))

    grid = [[" "] * _WIDTH for _ in range(_HEIGHT)]
    for rate, loss in zip(rates, losses, strict=True):
        row = round((min(float(loss), high) - low) / span * (_HEIGHT - 1))
        grid[_HEIGHT - 1 - row][column(rate)] = "•"
    labels = [f"{high:.3g}", *[""] * (_HEIGHT - 2), f"{low:.3g}"]
    lines = [f"{label:>8} │{''.join(row)}".rstrip() for label, row in zip(labels, grid, strict=True)]
    axis = ["─"] * _WIDTH
    for name, rate in marks.items():
        axis[column(rate)] = name[0].upper()
    ends = f"{format_rate(rates[0])}{format_rate(rates[-1]):>{_WIDTH - len(format_rate(rates[0]))}}"
    return "\n".join([*lines, f"{'loss':>8} └{''.join(axis)}", f"{'':>10}{ends}"])


def draw_figure(
    rates: Sequence[float], losses: Sequence[float], smoothed: Sequence[float], marks: Mapping[str, float], title: str
) -> Picture:
    """Return the loss by rate, as it was and smoothed, with a line at each mark."""
    from kerastune_ft.reporting.page.picture import Picture

    figure = Picture(figsize=(8.0, 3.6), layout="constrained")
    axis = figure.subplots()
    style_frame(axis)
    axis.plot(rates, losses, ".", color=COLOURS["muted"], markersize=3, label="loss of a step")
    axis.plot(rates, smoothed, color=COLOURS["validation"], linewidth=1.8, label="smoothed")
    for (name, rate), style in zip(marks.items(), ("-", "--", ":"), strict=False):
        axis.axvline(rate, color=COLOURS["best"], linestyle=style, linewidth=1.4, label=f"{name} {format_rate(rate)}")
    axis.set_xscale("log")
    least = float(np.min(smoothed))
    axis.set_ylim(0.9 * min(least, float(np.min(losses))), max(_HIGHEST * least, 1.25 * float(smoothed[0])))
    axis.set_xlabel("learning rate", color=COLOURS["muted"])
    axis.set_ylabel("training loss", color=COLOURS["muted"])
    axis.set_title(title, loc="left", color=COLOURS["ink"], size=10)
    axis.legend(frameon=False, fontsize=9, labelcolor=COLOURS["ink"])
    return figure.put_on_white()
