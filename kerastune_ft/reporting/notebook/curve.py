"""A small learning curve as SVG that stands for itself: no style sheet, no names that another picture could have."""

from __future__ import annotations

import html
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from kerastune_ft.reporting.metric_names import find_headline, is_lower_better
from kerastune_ft.reporting.quantities import format_figure, format_words

_WIDTH, _HEIGHT = 380, 130
_LEFT, _RIGHT, _TOP, _BOTTOM = 8, 64, 30, 18
_TRAIN, _VALIDATION = "#8d99a8", "#3b82f6"
_TEXT = 'font-family="system-ui,sans-serif" font-size="11" fill="currentColor"'
_ROOM = 6.2  # the width of a character

Row = Mapping[str, Any]


class _Frame(NamedTuple):
    """Where epochs and values lie in the picture."""

    epochs: int
    low: float
    high: float

    def x(self, epoch: float) -> float:
        """Return the place of an epoch, counted from 0 over all phases."""
        return _LEFT + (_WIDTH - _LEFT - _RIGHT) * (epoch / max(1, self.epochs - 1) if self.epochs > 1 else 0.5)

    def y(self, value: float) -> float:
        """Return the place of a value."""
        share = (value - self.low) / (self.high - self.low) if self.high > self.low else 0.5
        return _HEIGHT - _BOTTOM - (_HEIGHT - _TOP - _BOTTOM) * share


def draw_curve(history: Sequence[Row], monitor: str | None = None) -> str:
    """Return the curve of a metric over all epochs as SVG, training in grey; an empty text where there is none.

    Args:
        history: the rows of history.csv as numbers, with `phase`.
        monitor: the metric to draw, such as validation_accuracy; where it was not measured the one of the task.
    """
    metric = _choose_metric(history, monitor)
    if metric is None:
        return ""
    beside = metric.replace("validation_", "train_", 1)
    drawn = [(beside, _TRAIN, 1.3), (metric, _VALIDATION, 2.0)] if beside != metric else [(metric, _VALIDATION, 2.0)]
    values = [row[name] for row in history for name, _, _ in drawn if _is_known(row.get(name))]
    frame = _Frame(len(history), min(values), max(values))
    title = f"{format_words(metric)} by epoch"
    beside_name = f", grey: {format_words(beside)}" if len(drawn) > 1 and _is_measured(history, beside) else ""
    parts = [
        f'<svg role="img" aria-label="{html.escape(title)}" viewBox="0 0 {_WIDTH} {_HEIGHT}" '
        'style="width:100%;height:auto;display:block;background:none">',
        f'<text x="{_LEFT}" y="10" {_TEXT} font-weight="bold">{html.escape(title)}'
        f'<tspan font-weight="normal" opacity=".7">{html.escape(beside_name)}</tspan></text>',
        *_draw_phases(history, frame),
        *(part for name, colour, width in drawn for part in _draw_line(history, frame, name, colour, width)),
        *_name_values(history, frame, metric),
        f'<text x="{_LEFT}" y="{_HEIGHT - 4}" {_TEXT} opacity=".7">epoch 1</text>',
        f'<text x="{frame.x(frame.epochs - 1):.1f}" y="{_HEIGHT - 4}" text-anchor="middle" {_TEXT} opacity=".7">'
        f"{frame.epochs}</text>"
        if frame.epochs > 1
        else "",
        "</svg>",
    ]
    return "".join(parts)


def _choose_metric(history: Sequence[Row], monitor: str | None) -> str | None:
    """Return the metric to draw: the monitor, else that of the task, else the loss; None if none was measured."""
    measured = {name for row in history for name, value in row.items() if name != "phase" and _is_known(value)}
    wanted = [monitor, find_headline(measured), "validation_loss", "train_loss"]
    return next((name for name in wanted if name in measured), None)


def _is_known(value: Any) -> bool:
    return isinstance(value, int | float) and math.isfinite(value)


def _draw_line(history: Sequence[Row], frame: _Frame, name: str, colour: str, width: float) -> Iterator[str]:
    """Give the line of a metric in pieces between epochs without it; a single epoch is a dot."""
    piece: list[tuple[float, float]] = []
    for place, row in enumerate([*history, {}]):
        if _is_known(row.get(name)):
            piece.append((frame.x(place), frame.y(row[name])))
            continue
        if len(piece) == 1:
            yield f'<circle cx="{piece[0][0]:.1f}" cy="{piece[0][1]:.1f}" r="2.5" fill="{colour}"/>'
        elif piece:
            points = " ".join(f"{x:.1f},{y:.1f}" for x, y in piece)
            yield f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="{width}"/>'
        piece = []


def _draw_phases(history: Sequence[Row], frame: _Frame) -> Iterator[str]:
    """Give a line where each phase but the first begins, and the names for which there is room."""
    names = [str(row["phase"]) for row in history]
    starts = [place for place, name in enumerate(names) if not place or names[place - 1] != name]
    for start, end in zip(starts, [*starts[1:], len(names)], strict=True):
        left = frame.x(start - 0.5) if start else float(_LEFT)
        right = frame.x(end - 0.5) if end < len(names) else float(_WIDTH - _RIGHT)
        if start:
            yield (
                f'<line x1="{left:.1f}" x2="{left:.1f}" y1="{_TOP - 8}" y2="{_HEIGHT - _BOTTOM}" '
                'stroke="currentColor" stroke-opacity=".35" stroke-dasharray="3 3"/>'
            )
        name = names[start]
        if _ROOM * len(name) < right - left:
            yield f'<text x="{left + 3:.1f}" y="{_TOP - 6}" {_TEXT} opacity=".7">{html.escape(name)}</text>'


def _is_measured(history: Sequence[Row], name: str) -> bool:
    return any(_is_known(row.get(name)) for row in history)


def _name_values(history: Sequence[Row], frame: _Frame, metric: str) -> Iterator[str]:
    """Give the best epoch of a metric a dot, and its value in bold beside the end of the line."""
    known = [place for place, row in enumerate(history) if _is_known(row.get(metric))]
    choose = min if is_lower_better(metric) else max
    best = choose(known, key=lambda place: history[place][metric])
    value, last = history[best][metric], known[-1]
    if best != last:
        yield f'<circle cx="{frame.x(best):.1f}" cy="{frame.y(value):.1f}" r="3" fill="{_VALIDATION}"/>'
    yield (
        f'<text x="{frame.x(last) + 6:.1f}" y="{frame.y(value) + 4:.1f}" {_TEXT} font-weight="bold">'
        f"{format_figure(value)}</text>"
    )
