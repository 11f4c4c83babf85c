"""What an evaluation says beside its metrics, as tables and sentences for the terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from kerastune_ft.reporting.quantities import (
    ABSENT,
    format_change,
    format_figure,
    format_interval,
    format_threshold,
    format_whole,
    format_words,
)
from kerastune_ft.reporting.reliability import words
from kerastune_ft.reporting.terminal.box_tables import build_boxes
from kerastune_ft.reporting.terminal.fitting import Column, FittedTable

_LIKELY_BY_CHANCE = 20
_FIGURES = {
    "sensitivity": "sensitivity",
    "specificity": "specificity",
    "precision": "PPV",
    "negative_precision": "NPV",
}
"""The titles of what is measured at a threshold."""


def build_evaluation(details: Mapping[str, Any], examples: int, groups: int | None, place: str) -> Group:
    """Return what stands below the table of metrics: groups, calibration, and an answer to each question."""
    parts: list[RenderableType] = []
    if said := words.describe_groups(examples, groups, place):
        parts.append(Text(said))
    if calibration := details.get("calibration"):
        parts.append(Text(words.describe_calibration(calibration)))
    asked = [name for name in ("at", "costs", "coverage") if name in details]
    if asked:
        parts.append(Text(words.describe_choice(details["choice"])))
    if "at" in details:
        parts.append(_build_aims(details["at"]))
    if "costs" in details:
        parts.append(_build_costs(details["costs"]))
    if "coverage" in details:
        parts.extend(_build_sets(details["coverage"], details["choice"]))
    for column, rows in (details.get("by") or {}).items():
        parts.extend(_build_subgroups(column, rows))
    if views := details.get("views"):
        parts.append(_build_views(views))
    if boxes := details.get("boxes"):
        parts.extend(build_boxes(boxes))
    return Group(*parts)


def _build_aims(rows: Sequence[Mapping[str, Any]]) -> FittedTable:
    shown = [row for row in rows if row["threshold"] is not None]
    columns = [
        Column("class", [str(row["class"]) for row in rows]),
        Column("aim", [row["aim"] for row in rows]),
        Column("from", [format_threshold(row["threshold"]) for row in rows], numeric=True),
    ]
    for name, title in _FIGURES.items():
        values = [row["figures"][name] if row in shown else None for row in rows]
        ends = [row["intervals"].get(name) if row in shown else None for row in rows]
        columns.append(Column(title, [format_figure(value) for value in values], numeric=True))
        columns.append(Column("95 %", [format_interval(each) for each in ends], numeric=True))
    for name, title in {"misses": "missed", "false_alarms": "false alarms"}.items():
        cells = [format_whole(row["counts"][name]) if row in shown else ABSENT for row in rows]
        columns.append(Column(title, cells, numeric=True))
    return FittedTable(columns)


def _build_costs(rows: Sequence[Mapping[str, Any]]) -> FittedTable:
    return FittedTable(
        [
            Column("decision", [_name_policy(row) for row in rows]),
            Column("cost an example", [format_figure(row["cost"]) for row in rows], numeric=True),
            Column("95 %", [format_interval(row["interval"]) for row in rows], numeric=True),
            Column("difference", [format_change(row["difference"]) for row in rows], numeric=True),
            Column("95 %", [_format_changes(row["difference_interval"]) for row in rows], numeric=True),
        ]
    )


def _name_policy(row: Mapping[str, Any]) -> str:
    thresholds = row.get("thresholds") or {}
    if len(thresholds) != 1:
        return str(row["decision"])
    return f"{row['decision']}, {format_threshold(next(iter(thresholds.values())))}"


def _build_sets(found: Mapping[str, Any], choice: Mapping[str, Any]) -> list[RenderableType]:
    said = Text(words.describe_sets(found, choice["split"], choice["chosen_on"]))
    if targets := found.get("targets"):
        table = FittedTable(
            [
                Column("target", [str(row["target"]) for row in targets]),
                Column("half width", [format_figure(row["half_width"]) for row in targets], numeric=True),
                Column("coverage", [format_figure(row["coverage"]) for row in targets], numeric=True),
                Column("95 %", [format_interval(row["interval"]) for row in targets], numeric=True),
            ]
        )
        return [said, table]
    rows = [{**found, "class": "all", "examples": choice["examples"]}, *found["classes"]]
    return [
        said,
        FittedTable(
            [
                Column("true class", [str(row["class"]) for row in rows]),
                Column("examples", [format_whole(row["examples"]) for row in rows], numeric=True),
                Column("coverage", [format_figure(row["coverage"]) for row in rows], numeric=True),
                Column("95 %", [format_interval(row["interval"]) for row in rows], numeric=True),
                Column("mean size", [format_figure(row["mean_size"]) for row in rows], numeric=True),
            ]
        ),
    ]


def _build_subgroups(column: str, rows: Sequence[Mapping[str, Any]]) -> list[RenderableType]:
    """Return a row per metric and subgroup, a remark on small ones, and the warning about many comparisons."""
    lines = [(row, metric) for metric in rows[0]["metrics"] for row in rows]
    table = FittedTable(
        [
            Column("metric", [format_words(metric) for _, metric in lines]),
            Column(column, [f"{row['subgroup']}{' *' if row['few'] else ''}" for row, _ in lines]),
            Column("examples", [format_whole(row["examples"]) for row, _ in lines], numeric=True),
            Column("value", [format_figure(row["metrics"][metric]) for row, metric in lines], numeric=True),
            Column("95 %", [format_interval(row["intervals"].get(metric)) for row, metric in lines], numeric=True),
            Column("to the rest", [format_change(_find(row, metric, "value")) for row, metric in lines], numeric=True),
            Column("95 %", [_format_changes(_find(row, metric, "interval")) for row, metric in lines], numeric=True),
        ]
    )
    parts: list[RenderableType] = [table]
    if any(row["few"] for row in rows):
        parts.append(Text("* fewer than 30 examples or 10 groups: hardly anything can be said of them"))
    intervals = sum(_find(row, metric, "interval") is not None for row, metric in lines)
    if intervals > 1:
        parts.append(
            Text(
                f"{intervals} differences are looked at, and without any cause about one in {_LIKELY_BY_CHANCE} has an "
                "interval without 0: take one of them for a hint that new examples have to confirm"
            )
        )
    return parts


def _find(row: Mapping[str, Any], metric: str, key: str) -> Any:
    return (row["differences"].get(metric) or {}).get(key)


def _build_views(found: Mapping[str, Any]) -> FittedTable:
    metrics, ends, changes = found["metrics"], found["intervals"], found["differences"]
    return FittedTable(
        [
            Column("metric", [format_words(name) for name in metrics]),
            Column(f"mean of {found['views']} views", [format_figure(each) for each in metrics.values()], numeric=True),
            Column("95 %", [format_interval(ends.get(name)) for name in metrics], numeric=True),
            Column("to one as it is", [format_change(changes[name]["value"]) for name in metrics], numeric=True),
            Column("95 %", [_format_changes(changes[name]["interval"]) for name in metrics], numeric=True),
        ],
        caption=f"views are those of phase {found['phase']}",
    )


def _format_changes(ends: Sequence[float] | None) -> str:
    return f"{format_change(ends[0])} to {format_change(ends[1])}" if ends else ABSENT
