"""The page of a comparison of runs: one self-contained HTML file, in the style of the report."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from typing import Any

from kerastune_ft.reporting import drawing
from kerastune_ft.reporting.comparison_words import SPLITS, describe_tests, list_fold_rows, name_runs, write_value
from kerastune_ft.reporting.page import templates

_CLASSES_AT_ONCE = 30


def render_comparison(document: Mapping[str, Any], histories: Mapping[str, Sequence[Mapping[str, Any]]]) -> str:
    """Return the page of what `compare_runs` returns; `histories` has the rows of history.csv by run."""
    names = name_runs(document)
    return templates.render(
        "comparison.html",
        **document,
        names=names,
        title=" and ".join([", ".join(list(names.values())[:-1]), list(names.values())[-1]]),
        tables=_list_metric_tables(document),
        tests=describe_tests(document, names),
        fold_rows=list_fold_rows(document, names),
        settings=[(row["key"], [write_value(row["values"], run) for run in names]) for row in document["config"]],
        curves=_draw_curves({names[run]: rows for run, rows in histories.items() if rows}),
        rows_at_once=_CLASSES_AT_ONCE,
    )


def _list_metric_tables(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return a table for each split, test first: by metric the value of every run and its difference from the first."""
    tables = []
    for split in SPLITS:
        metrics = dict.fromkeys(name for run in document["runs"] for name in run["metrics"].get(split, {}))
        if metrics:
            tables.append({"split": split, "rows": [_list_cells(document, split, name) for name in metrics]})
    return tables


def _list_cells(document: Mapping[str, Any], split: str, metric: str) -> dict[str, Any]:
    return {
        "metric": metric,
        "cells": [
            {
                "value": run["metrics"].get(split, {}).get(metric),
                "found": document["differences"].get(run["run"], {}).get(split, {}).get("metrics", {}).get(metric),
            }
            for run in document["runs"]
        ],
    }


def _draw_curves(histories: Mapping[str, Sequence[Mapping[str, Any]]]) -> dict[str, str] | None:
    if not histories:
        return None
    from kerastune_ft.reporting.page.overlaid_curves import draw_overlaid

    draw = functools.partial(draw_overlaid, histories)
    return drawing.render_both(draw, "learning curves of all runs: validation loss and headline metric by epoch")
