"""Compares a model with the best constant predictor, which never looks at its input."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from kerastune_ft.reporting.metric_names import find_gain, is_lower_better
from kerastune_ft.reporting.quantities import format_change, format_figure, format_share, format_words, is_number

_RIVAL = "the best predictor that never looks at its input"


class Margin(NamedTuple):
    """One metric of the model and of the constant predictor; `gain` is positive where the model is better."""

    metric: str
    model: float
    constant: float

    @property
    def gain(self) -> float:
        """Return by how much the model is better."""
        return find_gain(self.metric, self.model, self.constant)

    @property
    def text(self) -> str:
        """Return both values, and the gain as a share of an error or as a difference of scores."""
        both = f"{format_words(self.metric)} {format_figure(self.model)} against {format_figure(self.constant)}"
        if is_lower_better(self.metric) and self.constant > 0:
            return f"{both}, {format_share(abs(self.gain) / self.constant)} {'less' if self.gain > 0 else 'more'}"
        return f"{both} ({format_change(self.gain)})"


def list_margins(measured: Mapping[str, Any], constant: Mapping[str, Any]) -> list[Margin]:
    """Return the metrics that both have measured."""
    return [
        Margin(name, value, constant[name])
        for name, value in measured.items()
        if is_number(value) and is_number(constant.get(name))
    ]


def describe_margin(
    found: list[Margin],
    headlines: Sequence[str],
    intervals: Mapping[str, tuple[float, float]] | None = None,
) -> dict[str, str] | None:
    """Return a verdict (`better`, `mixed` or `no better`) and the margin on test in words; None without a headline.

    The verdict is by the `headlines`, metrics by their names; the words also name any other that is not better. It is
    `mixed` where the interval of 95 % of a headline that is better includes what the constant predictor has.
    """
    known = {margin.metric: margin for margin in found}
    shown = [known[name] for name in headlines if name in known]
    if not shown:
        return None
    better = [margin for margin in shown if margin.gain > 0]
    worse = [margin.text for margin in found if margin.gain <= 0]
    if not better:
        others = [margin.text for margin in found if margin.gain > 0]
        rest = f"It is better only by {', '.join(others)}." if others else "It has learnt nothing that holds there."
        text = f"no better than {_RIVAL}: {shown[0].text}. {rest}"
        return {"verdict": "no better", "text": f"On test the model is {text}"}
    but = f" But not by {', '.join(worse)}." if worse else ""
    chance = [margin for margin in better if _is_within(margin.constant, (intervals or {}).get(margin.metric))]
    if chance:
        names = ", ".join(format_words(margin.metric) for margin in chance)
        but += (
            f" It may be chance by {names}: the interval of 95 % includes the constant predictor's. More test "
            "examples would tell."
        )
    return {
        "verdict": "better" if len(better) == len(shown) and not chance else "mixed",
        "text": f"On test the model is better than {_RIVAL}: {better[0].text}.{but}",
    }


def _is_within(value: float, interval: tuple[float, float] | None) -> bool:
    return interval is not None and interval[0] <= value <= interval[1]
