"""Draws the learning curves of a run as a matplotlib figure."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from kerastune_ft.reporting.drawing import COLOURS, style_frame
from kerastune_ft.reporting.metric_names import find_headline
from kerastune_ft.reporting.quantities import format_words

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from pandas import DataFrame

    from kerastune_ft.reporting.page.picture import Picture

_LINES = ("validation", "second", "third")
_MARKERS_UP_TO = 60  # epochs; beyond, markers run into each other
_RATE_DECADES = 3  # below the highest rate, that the lowest one is shown to


_LABEL_CHARACTERS = 22  # beside an axis
_TICK_DISTANCE = 2.0  # the factor between two rates that are named


class _Layout(NamedTuple):
    """The sizes of the picture, in inches, and what fits into it."""

    width: float
    heights: Mapping[str, float]
    characters: int
    """Of phase names, across the picture."""
    ticks: int
    legend_columns: int
    best: str
    """What the legend says of the rings."""


_WIDE = _Layout(9.0, {"loss": 2.55, "metric": 2.55, "rate": 1.3}, 105, 16, 3, "best epoch of the phase, by its monitor")
# On a phone the picture is as wide as this, so that its letters are as large as those of the page.
_NARROW = _Layout(4.0, {"loss": 2.1, "metric": 2.1, "rate": 1.35}, 40, 7, 2, "best epoch")


class _PhaseSpan(NamedTuple):
    """The epochs of a phase on the common axis, which counts epochs over all phases."""

    name: str
    rows: DataFrame
    start: int
    is_dotted: bool
    best_epoch: int | None
    monitor: str | None
    factors: tuple[float, float]
    """The smallest and largest rate of a unit, as a factor of the rate in the history."""
    peak: float | None
    """The highest rate of the schedule, in the measure of the history; None where the plan is not known."""

    @property
    def highest_rate(self) -> float:
        """Return the highest rate that is known of the phase."""
        return max(float(self.rows["learning_rate"].max()), self.peak or 0.0)

    @property
    def epochs(self) -> Sequence[float]:
        """Return the places of the epochs on the common axis."""
        return [self.start + epoch for epoch in self.rows["epoch"]]


def draw_learning_curves(
    history: DataFrame,
    phases: Sequence[Mapping[str, Any]],
    planned: Sequence[Mapping[str, Any]] = (),
    narrow: bool = False,
) -> Picture:
    """Return loss, monitor metric and learning rate by epoch over all phases, best epochs ringed.

    Args:
        history: the rows of history.csv.
        phases: name, monitor and best_epoch of every phase (as in manifest.json).
        planned: name, learning_rate and rates of every phase (as in plan.json): peaks get a dotted line, and phases
            whose units have different rates a band.
        narrow: whether the picture is for the width of a phone.
    """
    from kerastune_ft.reporting.page.picture import Picture

    layout = _NARROW if narrow else _WIDE
    spans = list(_list_spans(history, phases, planned))
    metrics = _choose_metrics(history, spans)
    panels = ["loss", *(["metric"] if metrics else []), "rate"]
    heights = [layout.heights[panel] for panel in panels]
    figure = Picture(figsize=(layout.width, 0.9 + sum(heights)), layout="constrained")
    axes = figure.subplots(len(panels), 1, sharex=True, height_ratios=heights, squeeze=False)
    by_panel = dict(zip(panels, axes[:, 0], strict=True))
    _draw_loss(by_panel["loss"], spans)
    if metrics:
        _draw_metrics(by_panel["metric"], spans, metrics)
    _draw_rate(by_panel["rate"], spans)
    for axis in by_panel.values():
        _style_panel(axis, spans, layout)
    _name_phases(by_panel["loss"], spans, layout)
    by_panel["rate"].set_xlabel("epoch" if narrow else "epoch, counted over all phases", color=COLOURS["muted"])
    _add_legend(figure, by_panel["loss"], layout)
    return figure


def _list_spans(
    history: DataFrame, phases: Sequence[Mapping[str, Any]], planned: Sequence[Mapping[str, Any]]
) -> Iterator[_PhaseSpan]:
    known = {phase["name"]: phase for phase in phases}
    plans = {phase["name"]: phase for phase in planned}
    start = 0
    few = len(history) <= _MARKERS_UP_TO
    for name in dict.fromkeys(history["phase"]):
        rows = history[history["phase"] == name]
        phase, plan = known.get(name, {}), plans.get(name, {})
        peak = (plan.get("learning_rate") or {}).get("peak")
        factors = _find_factors(plan.get("rates") or {}, peak)
        is_dotted = few or len(rows) == 1
        yield _PhaseSpan(
            str(name), rows, start, is_dotted, phase.get("best_epoch"), phase.get("monitor"), factors, peak
        )
        start += int(rows["epoch"].max())


def _find_factors(rates: Mapping[str, float], peak: float | None) -> tuple[float, float]:
    """Return the smallest and largest rate of a unit as a factor of the phase's, else of the head's."""
    whole = peak or rates.get("head")
    own = [rate / whole for rate in rates.values() if rate > 0] if whole else []
    return (min(own), max(own)) if own else (1.0, 1.0)


def _choose_metrics(history: DataFrame, spans: Sequence[_PhaseSpan]) -> list[str]:
    """Return the metrics to draw: what the phases monitor, else the task's headline, else any that was measured."""
    measured = [name for name in history if name.startswith("validation_") and name != "validation_loss"]
    watched = [span.monitor for span in spans if span.monitor in measured]
    headline = find_headline(measured)
    drawn = list(dict.fromkeys(name for name in watched if name))[: len(_LINES)]
    return drawn or ([headline] if headline else measured[:1])


def _draw(axis: Axes, span: _PhaseSpan, column: str, colour: str, label: str | None = None, **style: Any) -> None:
    if column not in span.rows or span.rows[column].isna().all():
        return
    marker = "o" if span.is_dotted else ""
    axis.plot(span.epochs, span.rows[column], color=COLOURS[colour], marker=marker, markersize=3, label=label, **style)


def _mark_best_epoch(axis: Axes, span: _PhaseSpan, column: str) -> None:
    """Mark the best epoch of a phase, where the next one starts, on the curve of its monitor."""
    if span.monitor != column or not span.best_epoch:
        return
    best = span.rows[span.rows["epoch"] == span.best_epoch]
    axis.plot(
        [span.start + span.best_epoch] * len(best),
        best[column],
        "o",
        markersize=9,
        markerfacecolor="none",
        markeredgecolor=COLOURS["best"],
        markeredgewidth=1.8,
        zorder=5,
    )


def _draw_loss(axis: Axes, spans: Sequence[_PhaseSpan]) -> None:
    axis.set_ylabel("loss", color=COLOURS["muted"])
    for span in spans:
        _draw(axis, span, "train_loss", "train", linewidth=1.3)
        _draw(axis, span, "validation_loss", "validation", linewidth=1.8)
        _mark_best_epoch(axis, span, "validation_loss")


def _draw_metrics(axis: Axes, spans: Sequence[_PhaseSpan], metrics: Sequence[str]) -> None:
    label = format_words(metrics[0]) if len(metrics) == 1 else "monitor"
    axis.set_ylabel(textwrap.fill(label, _LABEL_CHARACTERS), color=COLOURS["muted"])
    for metric, colour in zip(metrics, _LINES, strict=False):
        for place, span in enumerate(spans):
            if len(metrics) == 1:
                _draw(axis, span, metric.replace("validation_", "train_", 1), "train", linewidth=1.3)
            _draw(axis, span, metric, colour, label=None if place else format_words(metric), linewidth=1.8)
            _mark_best_epoch(axis, span, metric)
    if len(metrics) > 1:
        axis.legend(loc="lower right", frameon=False, fontsize=9, labelcolor=COLOURS["ink"])


def _draw_rate(axis: Axes, spans: Sequence[_PhaseSpan]) -> None:
    from matplotlib.ticker import FixedLocator, FuncFormatter, NullFormatter

    axis.set_ylabel("learning rate", color=COLOURS["muted"])
    known = [rate * own for span in spans for rate in span.rows["learning_rate"] if rate > 0 for own in span.factors]
    rates = [*known, *(span.peak for span in spans if span.peak)]
    # Rates of phases mostly differ by orders of magnitude; where they do not, a linear scale has more ticks.
    is_logarithmic = bool(rates) and max(rates) >= 10 * min(rates)
    # A schedule that ends near zero would press everything else to the upper edge: such a rate is drawn at the floor.
    floor = max(min(rates), max(rates) / 10**_RATE_DECADES) if is_logarithmic else 0.0
    for span in spans:
        _draw_rate_of(axis, span, floor)
        low, high = span.factors
        if low < high:
            own = span.rows["learning_rate"]
            band: dict[str, Any] = {
                "facecolor": COLOURS["validation"],
                "alpha": 0.25,
                "edgecolor": COLOURS["validation"],
            }
            axis.fill_between(span.epochs, (low * own).clip(floor), (high * own).clip(floor), linewidth=0.8, **band)
    if is_logarithmic:
        axis.set_yscale("log")
        axis.set_ylim(floor / 1.6, max(rates) * 1.6)
        axis.yaxis.set_major_locator(FixedLocator(_choose_ticks(spans, floor)))
        axis.yaxis.set_minor_formatter(NullFormatter())
    elif rates:
        axis.set_ylim(0, max(rates) * 1.15)
    axis.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.3g}"))


def _draw_rate_of(axis: Axes, span: _PhaseSpan, floor: float) -> None:
    """Draw the rate of a phase by epoch, what is below `floor` at it with a mark, and a dotted line at its peak."""
    own = span.rows["learning_rate"]
    style: dict[str, Any] = {"color": COLOURS["muted"], "marker": "o" if span.is_dotted else "", "markersize": 3}
    axis.plot(span.epochs, own.clip(floor), linewidth=1.4, **style)
    below = [(epoch, floor) for epoch, rate in zip(span.epochs, own, strict=True) if rate < floor]
    if below:
        axis.plot(*zip(*below, strict=True), linestyle="none", marker="v", markersize=6, color=COLOURS["muted"])
    if span.peak:
        ends = [span.start + 0.5, span.start + float(span.rows["epoch"].max()) + 0.5]
        axis.plot(ends, [span.peak] * 2, color=COLOURS["muted"], linewidth=1.2, linestyle=":")


def _choose_ticks(spans: Sequence[_PhaseSpan], low: float) -> list[float]:
    """Return the rates to name on a logarithmic axis: the highest of every phase, and the lowest that is shown."""
    chosen: list[float] = []
    peaks = sorted({span.highest_rate for span in spans}, reverse=True)
    for rate in (*peaks, low):
        if rate > 0 and all(max(rate / each, each / rate) > _TICK_DISTANCE for each in chosen):
            chosen.append(rate)
    return chosen


def _style_panel(axis: Axes, spans: Sequence[_PhaseSpan], layout: _Layout) -> None:
    from matplotlib.ticker import MaxNLocator

    for place, span in enumerate(spans):
        end = span.start + span.rows["epoch"].max()
        if place % 2 == 0:
            axis.axvspan(span.start + 0.5, end + 0.5, color=COLOURS["band"], linewidth=0, zorder=0)
    axis.set_xlim(0.5, _find_last_epoch(spans) + 0.5)
    axis.xaxis.set_major_locator(MaxNLocator(nbins=layout.ticks, integer=True, min_n_ticks=1))
    axis.grid(axis="y", color=COLOURS["grid"], linewidth=0.8)
    style_frame(axis)


def _name_phases(axis: Axes, spans: Sequence[_PhaseSpan], layout: _Layout) -> None:
    for place, span in enumerate(spans):
        width = float(span.rows["epoch"].max())
        room = int(layout.characters * width / _find_last_epoch(spans))
        axis.text(
            span.start + 0.5 + width / 2,
            1.02,
            _shorten_name(span.name, room, place),
            transform=axis.get_xaxis_transform(),
            horizontalalignment="center",
            verticalalignment="bottom",
            color=COLOURS["ink"],
            fontsize=10,
            fontweight="bold",
            parse_math=False,
        )


def _shorten_name(name: str, room: int, place: int) -> str:
    if len(name) <= room:
        return name
    return f"{name[: room - 1]}…" if room >= 5 else str(place)


def _add_legend(figure: Figure, axis: Axes, layout: _Layout) -> None:
    from matplotlib.lines import Line2D

    entries = [
        Line2D([], [], color=COLOURS["train"], linewidth=1.3, label="train"),
        Line2D([], [], color=COLOURS["validation"], linewidth=1.8, label="validation"),
        Line2D(
            [], [], linestyle="none", marker="o", markersize=8, markerfacecolor="none", markeredgewidth=1.8,
            markeredgecolor=COLOURS["best"], label=layout.best,
        ),
    ]  # fmt: skip
    figure.legend(
        handles=entries, loc="outside upper left", ncols=layout.legend_columns, frameon=False, fontsize=9,
        labelcolor=COLOURS["ink"],
    )  # fmt: skip
    axis.margins(y=0.08)


def _find_last_epoch(spans: Sequence[_PhaseSpan]) -> float:
    return max((span.start + float(span.rows["epoch"].max()) for span in spans), default=1.0)
