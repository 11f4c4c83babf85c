"""The predictions of one target as a matplotlib figure: predicted over true values, and how the errors spread."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from kerastune_ft.reporting.drawing import COLOURS, style_frame

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_POINTS = 2000
_MOST_BINS = 40


class Target(NamedTuple):
    """One target on one split, in the user's units."""

    name: str
    true: list[float]
    predicted: list[float]
    pick_typical: float | None
    """The mean of the training examples, which the constant predictor always answers."""

    @property
    def residuals(self) -> list[float]:
        """Predicted minus true."""
        return [predicted - true for true, predicted in zip(self.true, self.predicted, strict=True)]


def draw_predictions(target: Target, narrow: bool = False) -> Figure:
    """Return predictions over true values with the line where both agree, beside a histogram of the residuals.

    Of very many examples every n-th is a point; the histogram counts all. `narrow` is for the width of a phone, where
    one stands below the other.
    """
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    figure = Figure(figsize=(4.0, 6.6) if narrow else (10.0, 4.4), layout="constrained")
    left, right = figure.subplots(2, 1) if narrow else figure.subplots(1, 2)
    _draw_points(left, target)
    _draw_residuals(right, target)
    for axis in (left, right):
        style_frame(axis)
        # Numbers such as 0.00075 and 13500 are wide: more of them would run into each other.
        axis.xaxis.set_major_locator(MaxNLocator(nbins=5, steps=[1, 2, 5, 10]))
    left.grid(color=COLOURS["grid"], linewidth=0.7)
    right.grid(axis="y", color=COLOURS["grid"], linewidth=0.7)
    return figure


def _draw_points(axis: Axes, target: Target) -> None:
    every = 1 + len(target.true) // _POINTS
    true, predicted = target.true[::every], target.predicted[::every]
    low, high = min([*true, *predicted]), max([*true, *predicted])
    axis.plot([low, high], [low, high], color=COLOURS["train"], linewidth=1, linestyle="--", label="exactly right")
    if target.pick_typical is not None:
        axis.axhline(target.pick_typical, color=COLOURS["best"], linewidth=1, linestyle=":", label="constant predictor")
    axis.plot(true, predicted, "o", color=COLOURS["validation"], markersize=4, alpha=0.5, markeredgewidth=0)
    axis.set_xlabel("true value", color=COLOURS["muted"])
    axis.set_ylabel("predicted value", color=COLOURS["muted"])
    axis.legend(loc="best", frameon=False, fontsize=9, labelcolor=COLOURS["ink"])


def _draw_residuals(axis: Axes, target: Target) -> None:
    from matplotlib.ticker import MaxNLocator

    residuals = target.residuals
    # As many bins as the square root of the examples: few examples make no comb of ones and gaps.
    bins = max(5, min(_MOST_BINS, round(len(residuals) ** 0.5)))
    reach = max(map(abs, residuals)) or 1.0
    axis.hist(residuals, bins=bins, range=(-reach, reach), color=COLOURS["validation"], rwidth=0.92)
    axis.axvline(0, color=COLOURS["train"], linewidth=1, linestyle="--")
    axis.yaxis.set_major_locator(MaxNLocator(integer=True))
    axis.set_xlabel("residual: predicted − true", color=COLOURS["muted"])  # noqa: RUF001  a true minus sign
    axis.set_ylabel("examples", color=COLOURS["muted"])
