"""A run in a few lines: state, test metrics beside the constant predictor's, a curve, and where its report is."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from kerastune_ft.data.in_memory.written_names import shorten_data_name
from kerastune_ft.errors import ConfigError
from kerastune_ft.metrics.document import examples_by_split, intervals_by_split, metrics_by_split
from kerastune_ft.reporting.notebook.advice import list_advice, read_advice, render_advice
from kerastune_ft.reporting.notebook.curve import draw_curve
from kerastune_ft.reporting.notebook.panel import Results
from kerastune_ft.reporting.quantities import format_duration, format_figure, format_interval, format_words
from kerastune_ft.reporting.run_list import runs
from kerastune_ft.rundir import RunDirectory
from kerastune_ft.wording import counted

_REPORT = "report/index.html"
_UNREADABLE = (ConfigError, OSError, ValueError, KeyError, TypeError, AttributeError)


class _Metrics(NamedTuple):
    """The metrics of one split, a row each: name, model, and where they are known interval and constant predictor."""

    split: str
    headings: list[str]
    rows: list[list[str]]


def render_card(path: Path) -> str:
    """Return a run as an HTML fragment for notebooks; a damaged run is a card that says so."""
    from kerastune_ft.reporting.page import templates

    row, metrics = _read_row(path), _read_metrics(path)
    report = path / _REPORT
    return templates.render(
        "card.html",
        name=path.name,
        summary=", ".join(_summarise(row)),
        message=_read_message(row),
        rows=metrics.rows,
        metrics=_render_metrics(metrics),
        curve=_draw_curve(path, row),
        advice=render_advice(read_advice(path)),
        path=str(path),
        report=str(report) if report.exists() else "",
        # A notebook is served from its folder, and reaches nothing outside.
        link=report.as_posix() if not path.is_absolute() and ".." not in path.parts else "",
    )


def describe_run(path: Path) -> str:
    """Return a run in a few lines of text."""
    row, metrics = _read_row(path), _read_metrics(path)
    lines = [f"run {path}: {', '.join(_summarise(row))}"]
    if message := _read_message(row):
        lines.append(message)
    lines += _list_metrics(metrics)
    lines += list_advice(read_advice(path))
    if (path / _REPORT).exists():
        lines.append(f"report: {path / _REPORT}")
    return "\n".join(lines)


def show_results(path: str | os.PathLike[str]) -> Results:
    """Return the metrics of a run on the test split and what they mean, for the end of a call that trained it."""
    metrics, advice = _read_metrics(Path(path)), read_advice(Path(path))
    return Results(
        _render_metrics(metrics) + render_advice(advice), "\n".join(_list_metrics(metrics) + list_advice(advice))
    )


def _read_row(path: Path) -> Mapping[str, Any]:
    return runs(path)[0]


def _summarise(row: Mapping[str, Any]) -> list[str]:
    """Return state and place of a run in words."""
    parts = [str(row["state"])]
    if row["state"] not in ("done", "damaged") and row["phase"]:
        epoch = f" after epoch {row['epoch']}" if row["epoch"] else ""
        parts.append(f"in phase {row['phase']}{epoch}")
    parts += [shorten_data_name(str(row[name])) for name in ("data", "backbone") if row[name]]
    if row["seconds"]:
        parts.append(f"trained for {format_duration(row['seconds'])}")
    return parts


def _read_message(row: Mapping[str, Any]) -> str:
    return str(row["message"] or "")


def _read_metrics(path: Path) -> _Metrics:
    """Return the metrics of the test split, else of validation; no rows where nothing is measured."""
    opened = RunDirectory(path)
    try:
        document = _read_object(opened, "metrics.json")
        found, intervals = metrics_by_split(document), intervals_by_split(document)
        counts = examples_by_split(document)
        constants = _read_object(opened, "evaluation/constant.json")
    except _UNREADABLE:
        return _Metrics("", [], [])
    split = "test" if "test" in found else "validation"
    measured = {name: value for name, value in (found.get(split) or {}).items() if value is not None}
    columns = {"this model": [format_figure(value) for value in measured.values()]}
    if ends := intervals.get(split):
        columns["95 %"] = [format_interval(ends.get(name)) for name in measured]
    if constant := constants.get(split):
        columns["constant"] = [format_figure(constant.get(name)) for name in measured]
    rows = [list(row) for row in zip(map(format_words, measured), *columns.values(), strict=True)]
    count = f", {counted(counts[split], 'example')}" if counts.get(split) else ""
    return _Metrics(f"{split}{count}", list(columns), rows)


def _read_object(opened: RunDirectory, name: str) -> Mapping[str, Any]:
    found = opened.read_json(name) if opened.exists(name) else {}
    return found if isinstance(found, Mapping) else {}


def _render_metrics(metrics: _Metrics) -> str:
    from kerastune_ft.reporting.page import templates

    return templates.render("metrics.html", **metrics._asdict()) if metrics.rows else ""


def _list_metrics(metrics: _Metrics) -> list[str]:
    if not metrics.rows:
        return []
    cells = [[metrics.split, *metrics.headings], *metrics.rows]
    widths = [max(len(row[place]) for row in cells) for place in range(len(cells[0]))]
    return [
        "  ".join(cell.rjust(width) if place else cell.ljust(width) for place, (cell, width) in enumerate(pairs))
        for pairs in (list(zip(row, widths, strict=True)) for row in cells)
    ]


def _draw_curve(path: Path, row: Mapping[str, Any]) -> str:
    opened = RunDirectory(path)
    try:
        if not opened.exists("history.csv"):
            return ""
        rows = csv.DictReader(io.StringIO(opened.read_bytes("history.csv").decode("utf-8"), newline=""))
        history = [{key: _read_number(key, value) for key, value in row.items()} for row in rows]
        return draw_curve(history, row["monitor"])
    except _UNREADABLE:
        return ""


def _read_number(key: str, value: str) -> Any:
    return value if key == "phase" else float(value or "nan")
