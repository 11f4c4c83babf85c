"""Draws the learning rate of every unit over the steps of a phase, as the plan has it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from kerastune_ft.config.options.updates.rates import RatePolicy
from kerastune_ft.reporting.drawing import COLOURS, style_frame
from kerastune_ft.reporting.plan_lines import name_spans
from kerastune_ft.reporting.quantities import format_rate
from kerastune_ft.rules import NEWEST, Rules
from kerastune_ft.training.plan.schedules import rate_table

if TYPE_CHECKING:
    from kerastune_ft.reporting.page.picture import Picture

_POINTS = 240  # of a curve; more are not to be told apart
_NAMED = 6  # curves that the legend names
_LETTERS = 30  # of a name in the legend
_LOWEST = 30  # times below its peak that the lowest curve is shown to
_FAINTEST = 0.3


class RateCurve(NamedTuple):
    """The rate of units that share one."""

    units: str
    peak: float
    rates: np.ndarray
    """Of every step, float32 [steps]."""


def compute_rates(phase: Mapping[str, Any], units: Sequence[str], rules: Rules = NEWEST) -> list[RateCurve]:
    """Return the rates of a phase of plan.json by step, the highest first; `units` are all there are, in their order.

    A unit with the rate 0 is left out; nothing is returned of a plan without rates.
    """
    policy, steps = phase.get("learning_rate") or {}, int(phase.get("steps") or 0)
    peak = policy.get("peak")
    if not peak or not steps:
        return []
    known = {name: policy.get(name) for name in ("peak", "shape", "start", "final")}
    share = (policy.get("warmup_steps") or 0) / steps
    table = rate_table(RatePolicy.model_validate({**known, "warmup": share}), steps, rules)
    groups: dict[float, list[str]] = {}
    for unit, rate in (phase.get("rates") or {}).items():
        if rate > 0:
            groups.setdefault(float(rate), []).append(unit)
    return [
        RateCurve(name_spans(names, units), rate, table * np.float32(rate / peak))
        for rate, names in sorted(groups.items(), reverse=True)
    ]


def is_flat(curves: Sequence[RateCurve]) -> bool:
    """Return whether one rate holds for all units and steps, so that a picture would show nothing."""
    return len(curves) <= 1 and all(float(curve.rates.min()) == float(curve.rates.max()) for curve in curves)


def draw_rates(curves: Sequence[RateCurve], made: int | None, best: int | None, narrow: bool = False) -> Picture:
    """Return the rates by step on a logarithmic axis, the steps that were not made faint, the best one ringed.

    Args:
        curves: from `compute_rates`, at least one.
        made: the steps that were made; None where none is known.
        best: the step at the end of the best epoch.
        narrow: whether the picture is for the width of a phone.
    """
    from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, NullFormatter

    from kerastune_ft.reporting.page.picture import Picture

    shown = sorted({round(place) for place in np.linspace(0, len(curves) - 1, min(len(curves), _NAMED))})
    size = (4.0, 2.3 + 0.2 * len(shown)) if narrow else (9.0, 2.3)
    figure = Picture(figsize=size, layout="constrained")
    axis = figure.subplots()
    steps = len(curves[0].rates)
    places = np.unique(np.linspace(0, steps - 1, min(steps, _POINTS)).round().astype(int))
    floor = max(curves[-1].peak / _LOWEST, min(float(curve.rates.min()) for curve in curves))
    for number, curve in enumerate(curves):
        strength = 1.0 if len(curves) == 1 else 1.0 - (1.0 - _FAINTEST) * number / (len(curves) - 1)
        axis.plot(
            places + 1, _hide_zeros(curve.rates[places]), color=COLOURS["validation"], alpha=strength,
            linewidth=1.6, label=_name_curve(curve), marker="o" if steps == 1 else "",
        )  # fmt: skip
    if made is not None and made < steps:
        axis.axvspan(made, steps + 0.5, color=COLOURS["band"], alpha=0.85, linewidth=0, zorder=3)
        axis.axvline(made, color=COLOURS["muted"], linewidth=1.0, linestyle=":", zorder=4)
    if best:
        axis.plot(
            [best], [max(float(curves[0].rates[min(best, steps) - 1]), floor)], "o", markersize=9, zorder=5,
            markerfacecolor="none", markeredgecolor=COLOURS["best"], markeredgewidth=1.8,
        )  # fmt: skip
    axis.set_yscale("log")
    axis.set_ylim(floor / 1.5, curves[0].peak * 1.5)
    axis.yaxis.set_major_locator(FixedLocator(_choose_ticks(curves[0].peak, floor)))
    axis.yaxis.set_minor_formatter(NullFormatter())
    axis.yaxis.set_major_formatter(FuncFormatter(lambda value, _: format_rate(value)))
    axis.xaxis.set_major_locator(MaxNLocator(nbins=5 if narrow else 10, integer=True, min_n_ticks=1))
    axis.set_xlim(0.5, steps + 0.5)
    axis.grid(axis="y", color=COLOURS["grid"], linewidth=0.8)
    axis.set_xlabel("step", color=COLOURS["muted"])
    axis.set_ylabel("learning rate", color=COLOURS["muted"])
    style_frame(axis)
    handles, labels = axis.get_legend_handles_labels()
    figure.legend(
        [handles[place] for place in shown], [labels[place] for place in shown],
        loc="outside lower left" if narrow else "outside right upper", ncols=1, frameon=False, fontsize=9,
        labelcolor=COLOURS["ink"],
    )  # fmt: skip
    return figure


def _hide_zeros(rates: np.ndarray) -> np.ndarray:
    """Return rates as a logarithmic axis has them; one of 0 is a gap."""
    return np.where(rates > 0, rates, np.nan)


def _name_curve(curve: RateCurve) -> str:
    name = curve.units if len(curve.units) <= _LETTERS else f"{curve.units[: _LETTERS - 1]}…"
    # A dollar sign would begin a formula.
    return f"{name}  {format_rate(curve.peak)}".replace("$", r"\$")


def _choose_ticks(peak: float, floor: float) -> list[float]:
    """Return the rates to name: the highest, and the powers of ten below that are not near it."""
    powers = [10.0**power for power in range(math.ceil(math.log10(floor) - 1e-9), math.floor(math.log10(peak)) + 1)]
    return [peak, *(power for power in powers if peak / power > 2)]
