"""Draws reliability diagrams, and ROC and precision-recall curves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from kerastune_ft.reporting.drawing import COLOURS, style_frame

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_LINES = ("validation", "best", "second", "third", "ink", "train")
_DASHES = ("-", "--", ":")
_LETTERS = 24
_FORMS = (("raw", "as they are", "validation"), ("calibrated", "with the temperature", "second"))


def draw_reliability(calibration: Mapping[str, Any], narrow: bool = False) -> Figure:
    """Return how often answers are right over their probability, before and after the temperature.

    Each point is a bin of about equally many examples, with the interval of its share; on the diagonal probabilities
    mean what they say.
    """
    figure, axes = _make_axes(narrow)
    for axis, (form, label, colour) in zip(axes, _FORMS, strict=True):
        bins = calibration[form]["bins"]
        axis.plot([0, 1], [0, 1], color=COLOURS["train"], linewidth=1, linestyle="--")
        for each in bins:
            if each["interval"]:
                axis.plot([each["probability"]] * 2, each["interval"], color=COLOURS[colour], linewidth=1, alpha=0.6)
        axis.plot(
            [each["probability"] for each in bins], [each["share"] for each in bins],
            "o-", color=COLOURS[colour], linewidth=1, markersize=4,
        )  # fmt: skip
        axis.set_title(f"probabilities {label}: ECE {calibration[form]['ece']:.3f}", fontsize=10, color=COLOURS["ink"])
        _label(axis, "stated probability, mean of the bin", "share that is right")
    return figure


def draw_curves(classes: Sequence[Mapping[str, Any]], columns: Sequence[str], narrow: bool = False) -> Figure:
    """Return ROC curves beside precision-recall curves of the classes that have points, in these `columns`."""
    figure, (roc, precision) = _make_axes(narrow)
    places = {name: columns.index(name) for name in ("sensitivity", "specificity", "precision")}
    roc.plot([0, 1], [0, 1], color=COLOURS["train"], linewidth=1, linestyle="--")
    drawn = [row for row in classes if row.get("points")]
    for number, row in enumerate(drawn):
        points = [[point[places[name]] for name in places] for point in row["points"]]
        known = [(1 - point[1], point[0]) for point in points if point[0] is not None and point[1] is not None]
        style: dict[str, Any] = {
            "color": COLOURS[_LINES[number % len(_LINES)]],
            "linestyle": _DASHES[number // len(_LINES) % len(_DASHES)],
            "linewidth": 1.5,
        }
        name = str(row["class"])
        label = (name if len(name) <= _LETTERS else f"{name[: _LETTERS - 1]}…").replace("$", r"\$")
        roc.plot([point[0] for point in known], [point[1] for point in known], label=label, **style)
        known = [(point[0], point[2]) for point in points if point[0] is not None and point[2] is not None]
        precision.step([point[0] for point in known], [point[1] for point in known], where="pre", **style)
        share = row["positives"] / row["examples"] if row.get("examples") else None
        if len(drawn) == 1 and share is not None:
            precision.axhline(share, color=COLOURS["train"], linewidth=1, linestyle="--")
    _label(roc, "1 − specificity: false alarms", "sensitivity: found")  # noqa: RUF001  a true minus sign
    _label(precision, "sensitivity (recall)", "precision")
    if len(drawn) > 1:
        roc.legend(loc="lower right", frameon=False, fontsize=8, labelcolor=COLOURS["ink"])
    return figure


def _make_axes(narrow: bool) -> tuple[Figure, Sequence[Axes]]:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(4.0, 7.6) if narrow else (9.6, 4.4), layout="constrained")
    axes = figure.subplots(2, 1) if narrow else figure.subplots(1, 2)
    for axis in axes:
        style_frame(axis)
        axis.grid(color=COLOURS["grid"], linewidth=0.7)
        axis.set_xlim(-0.02, 1.02)
        axis.set_ylim(-0.02, 1.02)
        axis.set_aspect("equal")
    return figure, list(axes)


def _label(axis: Axes, below: str, beside: str) -> None:
    axis.set_xlabel(below, color=COLOURS["muted"])
    axis.set_ylabel(beside, color=COLOURS["muted"])
