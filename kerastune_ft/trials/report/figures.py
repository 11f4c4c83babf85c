"""Pictures of a search: its history, the importance of each key, the metric by each, and trials as lines."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from kerastune_ft.reporting.drawing import COLOURS, style_frame
from kerastune_ft.reporting.quantities import format_words
from kerastune_ft.trials.dimensions import format_value, shorten_keys
from kerastune_ft.trials.records import TrialRecord, trace_best
from kerastune_ft.trials.study import COMPLETE

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from kerastune_ft.reporting.page.picture import Picture

# Of a picture that stands alone.
_WIDE = 9.0
# Of one of the page, where it is as wide as a telephone, or has others beside it.
_NARROW, _HEIGHT = 4.6, 2.5
_DECADES = 1.5  # of a range, from which on its axis is logarithmic
_LABEL = 20
_MOST_LETTERS = 48  # beside each other below an axis


def _find_complete(records: Sequence[TrialRecord]) -> list[TrialRecord]:
    return [record for record in records if record.state == COMPLETE and record.value is not None]


def _open(width: float, height: float) -> Picture:
    from kerastune_ft.reporting.page.picture import Picture

    return Picture(figsize=(width, height), layout="constrained")


def draw_history(records: Sequence[TrialRecord], metric: str, maximise: bool) -> Picture:
    """Return the metric of every trial in order, and the best so far."""
    figure = _open(_NARROW, _HEIGHT)
    _plot_history(figure.subplots(), records, metric, maximise)
    return figure


def _plot_history(axis: Axes, records: Sequence[TrialRecord], metric: str, maximise: bool) -> None:
    from matplotlib.ticker import MaxNLocator

    style_frame(axis)
    axis.grid(axis="y", color=COLOURS["grid"])
    done = _find_complete(records)
    best = trace_best(records, maximise)
    known = [(record.number, value) for record, value in zip(records, best, strict=True) if value is not None]
    axis.plot(
        [at for at, _ in known], [float(value) for _, value in known], color=COLOURS["best"], drawstyle="steps-post"
    )
    axis.plot(
        [each.number for each in done], [each.value or 0.0 for each in done], "o", color=COLOURS["validation"], ms=4
    )
    axis.set_title(f"{format_words(metric)} by trial, and the best so far", loc="left", color=COLOURS["ink"], size=10)
    axis.xaxis.set_major_locator(MaxNLocator(integer=True))


def draw_importances(importances: Mapping[str, float]) -> Picture:
    """Return the share of each key in what decides the metric, as bars."""
    figure = _open(_NARROW, max(_HEIGHT, 0.6 + 0.34 * len(importances)))
    _plot_importances(figure.subplots(), importances)
    return figure


def _plot_importances(axis: Axes, importances: Mapping[str, float]) -> None:
    style_frame(axis)
    names = shorten_keys(list(importances))[::-1]
    shares = list(importances.values())[::-1]
    axis.barh(range(len(names)), shares, color=COLOURS["validation"], height=0.5)
    axis.set_yticks(range(len(names)), names)
    axis.set_title("share in what decides the metric", loc="left", color=COLOURS["ink"], size=10)


def draw_slices(records: Sequence[TrialRecord], metric: str) -> dict[str, Picture]:
    """Return by the short name of each key the metric by its value; later trials are darker."""
    keys = tuple(records[0].values)
    done, found = _find_complete(records), {}
    for key, name in zip(keys, shorten_keys(keys), strict=True):
        figure = found[name] = _open(_NARROW, _HEIGHT)
        axis = figure.subplots()
        _plot_slice(axis, done, key)
        axis.set_title(f"{format_words(metric)} by {name}", loc="left", color=COLOURS["ink"], size=10)
    return found


def _plot_slice(axis: Axes, done: Sequence[TrialRecord], key: str) -> None:
    style_frame(axis)
    axis.grid(axis="y", color=COLOURS["grid"])
    places, labels = _place([record.values[key] for record in done])
    for at, (place, record) in enumerate(zip(places, done, strict=True)):
        shade = 0.35 + 0.65 * (at + 1) / len(done)
        axis.plot([place], [record.value or 0.0], "o", color=COLOURS["validation"], ms=4, alpha=shade)
    if labels is not None:
        is_crowded = sum(min(len(label), _LABEL) for label in labels) > _MOST_LETTERS
        axis.set_xticks(
            range(len(labels)),
            [label[:_LABEL] for label in labels],
            rotation=25 if is_crowded else 0,
            ha="right" if is_crowded else "center",
        )
        axis.set_xlim(-0.5, len(labels) - 0.5)
    elif _is_wide(places):
        axis.set_xscale("log")


def _place(values: Sequence[Any]) -> tuple[list[float], list[str] | None]:
    """Return where values stand on an axis, and the names of its places where they are no numbers."""
    if all(isinstance(value, int | float) and not isinstance(value, bool) for value in values):
        return [float(value) for value in values], None
    names = [format_value(value) for value in values]
    labels = list(dict.fromkeys(sorted(names)))
    return [float(labels.index(name)) for name in names], labels


def _is_wide(places: Sequence[float]) -> bool:
    return min(places, default=0) > 0 and math.log10(max(places) / min(places)) > _DECADES


def draw_parallel(records: Sequence[TrialRecord], metric: str, maximise: bool) -> Picture:
    """Return every trial as a line over the values of its keys to its metric; the best quarter is coloured."""
    done = _find_complete(records)
    keys = tuple(records[0].values)
    figure = _open(_NARROW, _HEIGHT + 0.4)
    axis = figure.subplots()
    style_frame(axis)
    columns = [_scale([record.values[key] for record in done]) for key in keys]
    columns.append(_scale([record.value for record in done]))
    order = sorted(range(len(done)), key=lambda at: (-1 if maximise else 1) * (done[at].value or 0.0))
    good = set(order[: max(1, len(done) // 4)])
    for at in reversed(order):
        colour = COLOURS["best"] if at == order[0] else COLOURS["validation"] if at in good else COLOURS["train"]
        heights = [column[at] for column in columns]
        axis.plot(
            range(len(columns)), heights, color=colour, lw=2 if at == order[0] else 1, alpha=1 if at in good else 0.4
        )
    names = [*shorten_keys(keys), format_words(metric)]
    is_crowded = sum(min(len(name), _LABEL) for name in names) > _MOST_LETTERS
    axis.set_xticks(
        range(len(names)),
        [name[-_LABEL:] for name in names],
        rotation=25 if is_crowded else 0,
        ha="right" if is_crowded else "center",
    )
    axis.set_yticks([0, 1], ["low", "high"])
    return figure


def _scale(values: Sequence[Any]) -> list[float]:
    """Return values from 0 to 1, by their logarithms where they range widely."""
    places, _ = _place(values)
    if _is_wide(places):
        places = [math.log(place) for place in places]
    low, high = min(places), max(places)
    return [0.5 if high == low else (place - low) / (high - low) for place in places]


def draw_search(
    records: Sequence[TrialRecord], metric: str, maximise: bool, importances: Mapping[str, float]
) -> Picture:
    """Return the history of a search beside the importance of its keys."""
    figure = _open(_WIDE, _HEIGHT + 0.4)
    if not importances:
        _plot_history(figure.subplots(), records, metric, maximise)
        return figure
    left, right = figure.subplots(1, 2, width_ratios=[3, 2])
    _plot_history(left, records, metric, maximise)
    _plot_importances(right, importances)
    return figure
