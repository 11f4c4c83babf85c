"""A comparison of runs as tables for terminals and notebooks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from kerastune_ft.metrics.document import OUT_OF_FOLD
from kerastune_ft.reporting.comparison_words import (
    SPLITS,
    describe_tests,
    list_fold_rows,
    name_runs,
    write_difference,
    write_ends,
    write_value,
)
from kerastune_ft.reporting.quantities import (
    ABSENT,
    format_change,
    format_count,
    format_duration,
    format_figure,
    format_size,
    format_whole,
    format_words,
)
from kerastune_ft.reporting.terminal.fitting import Column, FittedTable

_CLASSES_SHOWN, _RUNS_WITH_CLASSES = 10, 4
_NUMERIC = frozenset(
    {"difference", "95 %", "on validation", "time", "CPU", "training", "stored", "trained", "epochs", "steps", "before",
     "after", "gain", "mean", "deviation", "examples"}
)  # fmt: skip


def build_comparison_tables(document: Mapping[str, Any]) -> RenderableType:
    """Return the tables of what `compare_runs` returns: metrics, notes, seeds, settings, phases, classes, cost."""
    names = name_runs(document)
    parts: list[RenderableType] = []
    for title, rows in (
        ("", list_metric_rows(document, names)),
        ("out of fold", list_out_of_fold_rows(document, names)),
        ("fold by fold", list_fold_rows(document, names)),
        ("runs that differ in the seed alone", list_seed_rows(document, names)),
        ("settings that differ", list_setting_rows(document, names)),
        ("phases", list_phase_rows(document, names)),
        (_title_classes(document), list_class_rows(document, names)[:_CLASSES_SHOWN]),
        ("cost", list_cost_rows(document, names)),
    ):
        if rows:
            parts.append(_build(rows, title, set(names.values())))
        if not title:
            parts += [Text(line) for line in (*describe_tests(document, names), *document["notes"])]
    return Group(*parts)


def _build(rows: Sequence[Mapping[str, str]], title: str, runs: Iterable[str]) -> FittedTable:
    numeric = {*_NUMERIC, *map(format_words, SPLITS), *runs}
    return FittedTable(
        [Column(name, [row[name] for row in rows], numeric=name in numeric) for name in rows[0]], title=title or None
    )


def list_metric_rows(document: Mapping[str, Any], names: Mapping[str, str]) -> list[dict[str, str]]:
    """Return a row for each metric and run, with the difference from the first run; none before anything is measured.

    They are of test, where there is one, else out of fold, else of validation; a value on validation stands beside that
    on test.
    """
    measured = [run for run in document["runs"] if run["metrics"]]
    if not measured:
        return []
    return _list_rows_of(
        next(split for split in SPLITS if any(split in run["metrics"] for run in measured)), document, names
    )


def list_out_of_fold_rows(document: Mapping[str, Any], names: Mapping[str, str]) -> list[dict[str, str]]:
    """Return such rows of cross-validations, out of fold, beside those of test."""
    splits = {split for run in document["runs"] for split in run["metrics"]}
    return _list_rows_of(OUT_OF_FOLD, document, names) if {"test", OUT_OF_FOLD} <= splits else []


def _list_rows_of(main: str, document: Mapping[str, Any], names: Mapping[str, str]) -> list[dict[str, str]]:
    measured = [run for run in document["runs"] if run["metrics"]]
    rows = []
    metrics = dict.fromkeys(name for run in measured for name in run["metrics"].get(main, {}))
    for metric in metrics:
        for number, run in enumerate(document["runs"]):
            found = document["differences"].get(run["run"], {}).get(main, {}).get("metrics", {}).get(metric, {})
            row = {
                "metric": "" if number else format_words(metric),
                "run": names[run["run"]],
                format_words(main): format_figure(run["metrics"].get(main, {}).get(metric)),
                "difference": write_difference(found["difference"]) if found else "",
                "95 %": write_ends(found["interval"]) if found else "",
                "verdict": found.get("verdict", ""),
            }
            if main == "test" and any("validation" in one["metrics"] for one in measured):
                row["on validation"] = format_figure(run["metrics"].get("validation", {}).get(metric))
            rows.append(row)
    return rows


def list_seed_rows(document: Mapping[str, Any], names: Mapping[str, str]) -> list[dict[str, str]]:
    """Return a row for each metric of each group of runs that differ in nothing but the seed."""
    return [
        {
            "runs": ", ".join(names[run] for run in group["runs"]) if not number else "",
            "metric": f"{split} {format_words(metric)}",
            "mean": format_figure(spread["mean"]),
            "deviation": format_figure(spread["deviation"]),
        }
        for group in document["seeds"]
        for number, (split, metric, spread) in enumerate(
            (split, metric, spread) for split, own in group["metrics"].items() for metric, spread in own.items()
        )
    ]


def list_setting_rows(document: Mapping[str, Any], names: Mapping[str, str]) -> list[dict[str, str]]:
    """Return a row for each value of each key that differs, with the runs that have it."""
    rows = []
    for row in document["config"]:
        holders: dict[str, list[str]] = {}
        for run in names:
            holders.setdefault(write_value(row["values"], run), []).append(names[run])
        for number, (value, runs) in enumerate(holders.items()):
            rows.append({"key": "" if number else row["key"], "value": value, "runs": ", ".join(runs)})
    return rows


def list_phase_rows(document: Mapping[str, Any], names: Mapping[str, str]) -> list[dict[str, str]]:
    """Return a row for each phase of each run."""
    return [
        {
            "run": "" if number else names[run["run"]],
            "phase, trains": f"{phase['name']}: {phase['units']}",
            "epochs": f"{format_whole(phase['epochs'])} of {format_whole(phase['planned_epochs'])}",
            "monitor": format_words(str(phase["monitor"])).removeprefix("validation "),
            "before": format_figure(phase["before"]),
            "after": format_figure(phase["after"]),
            "gain": format_change(phase["gain"]),
            "time": format_duration(phase["seconds"]),
        }
        for run in document["runs"]
        for number, phase in enumerate(run["phases"])
    ]


def list_class_rows(document: Mapping[str, Any], names: Mapping[str, str]) -> list[dict[str, str]]:
    """Return a row for each class, that in which runs differ most first; none where runs have no such figures."""
    found = document["classes"]
    if not found or not found["rows"] or len(found["rows"][0]["values"]) > _RUNS_WITH_CLASSES:
        return []

    def spread(row: Mapping[str, Any]) -> float:
        values = [value for value in row["values"].values() if value is not None]
        return max(values) - min(values) if values else 0.0

    return [
        {
            "class": row["class"],
            "examples": format_whole(row["examples"]),
            **{names[run]: format_figure(value) for run, value in row["values"].items()},
        }
        for row in sorted(found["rows"], key=spread, reverse=True)
    ]


def _title_classes(document: Mapping[str, Any]) -> str:
    found = document["classes"]
    if not found:
        return "classes"
    title = f"{format_words(found['figure'])} of classes on test, the largest differences first"
    hidden = len(found["rows"]) - _CLASSES_SHOWN
    return f"{title} ({hidden:,} more classes in --json and --html)" if hidden > 0 else title


def list_cost_rows(document: Mapping[str, Any], names: Mapping[str, str]) -> list[dict[str, str]]:
    """Return a row for each run, with what it cost."""
    return [
        {
            "run": names[run["run"]],
            "state": str(run["state"]),
            "time": format_duration(run["cost"]["seconds"]),
            "CPU": format_duration(run["cost"]["cpu_seconds"]),
            "training": format_duration(run["cost"]["training_seconds"]),
            "epochs": format_whole(run["cost"]["epochs"]),
            "steps": format_whole(run["cost"]["steps"]),
            "stored": format_size(run["cost"]["stored_bytes"]),
            "trained": format_count(run["cost"]["trained_parameters"]) or ABSENT,
        }
        for run in document["runs"]
    ]
