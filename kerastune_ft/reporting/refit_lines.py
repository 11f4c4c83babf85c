"""A refit in words: what the model was trained on again, and how both models do on the test split."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kerastune_ft.metrics.document import FIRST
from kerastune_ft.reporting.metric_names import find_headline
from kerastune_ft.reporting.quantities import format_figure, format_interval, format_words, is_number
from kerastune_ft.rundir import RunDirectory

Document = Mapping[str, Any]


class BeforeRefit(dict[str, Any]):
    """`metrics` and `intervals` by split of the model before a refit; it prints as sentences on both models."""

    def __init__(self, document: Document, text: str) -> None:
        """`document` is refit/first.json, empty where there was no refit; `text` says what came of it."""
        super().__init__(document)
        self.text = text

    def __str__(self) -> str:
        return self.text

    __repr__ = __str__


def read_before_refit(run: RunDirectory) -> BeforeRefit:
    """Return the figures of a run's model before its refit; empty where there was none."""
    first, plan, document = (
        run.read_json(name) if run.exists(name) else {} for name in (FIRST, "plan.json", "metrics.json")
    )
    return BeforeRefit(first, describe_refit(plan, document, first))


def describe_refit(plan: Document, document: Document, first: Document) -> str:
    """Return sentences on a refit that is measured, for report, terminal and notebook; empty without one.

    `plan` is plan.json, `document` metrics.json and `first` refit/first.json.
    """
    examples = (plan.get("refit") or {}).get("examples")
    if not examples or not first:
        return ""
    again = (
        f"After validation had chosen its epochs the model was trained again on {examples:,} training and validation"
    )
    return f"{again} examples together. {_compare(document, first)}Figures of validation are of the model before."


def _compare(document: Document, first: Document) -> str:
    """Return a sentence on both models on the test split; empty without one."""
    before, now = ((each.get("test") or {}) for each in (first.get("metrics") or {}, document))
    known = [f"test_{name}" for name, value in now.items() if is_number(value) and is_number(before.get(name))]
    headline = (find_headline(known, "test") or "").removeprefix("test_")
    names = [name for name in dict.fromkeys((headline, "loss")) if f"test_{name}" in known]
    if not names:
        return "There is no test split that would measure it. "
    ends = (first.get("intervals") or {}).get("test") or {}
    parts = [
        f"{format_words(name)} {format_figure(now[name])}, before {format_figure(before[name])}"
        + (f" (95 %: {format_interval(ends[name])})" if name in ends else "")
        for name in names
    ]
    return f"On test: {'; '.join(parts)}. "
