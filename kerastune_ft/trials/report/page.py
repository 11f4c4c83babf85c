"""The report of a search: one self-contained HTML page, report/index.html in its directory."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from kerastune_ft.config.run import RunConfig
from kerastune_ft.reporting.drawing import render_svg
from kerastune_ft.reporting.page import redaction, templates
from kerastune_ft.reporting.quantities import format_duration, format_figure, format_words
from kerastune_ft.rundir import RunDirectory
from kerastune_ft.trials.dimensions import describe_values, shorten_keys
from kerastune_ft.trials.records import TrialRecord, find_best
from kerastune_ft.trials.report import figures
from kerastune_ft.trials.report.tables import remark, sort_trials
from kerastune_ft.trials.settings import BEST, SearchSettings
from kerastune_ft.trials.study import COMPLETE

PAGE = "report/index.html"


def write(
    search: RunDirectory,
    records: Sequence[TrialRecord],
    settings: SearchSettings,
    start: Mapping[str, Any] | None,
    importances: Mapping[str, float],
    config: RunConfig,
) -> None:
    """Write the page of a search from its trials."""
    if not records:
        return
    keys = tuple(records[0].values)
    best = find_best(records, settings.maximise)
    written = next((each for each in records if start is not None and each.values == start), None)
    ordered = sort_trials(records, settings.maximise)
    document = search.read_json(BEST) if best is not None else None
    shown = document if config.output.examples or document is None else redaction.withhold_paths(document)
    text = templates.render(
        "search.html",
        name=config.name,
        task=config.task.kind,
        metric=format_words(settings.metric),
        settings=settings,
        place=search.path.name,
        folds=settings.folds,
        count=len(records),
        complete=sum(record.state == COMPLETE for record in records),
        best=best,
        best_value=format_figure(best.value) if best is not None else None,
        is_written=written is not None and written is best,
        written=format_figure(written.value) if written is not None else None,
        metrics=[(format_words(name), format_figure(value)) for name, value in (best.metrics if best else {}).items()],
        headings=shorten_keys(keys),
        rows=[
            {
                "number": record.number,
                "value": format_figure(record.value)
                + ("" if record.deviation is None else f" ± {format_figure(record.deviation)}"),
                "cells": list(describe_values(record.values, keys).values()),
                "seconds": format_duration(record.seconds),
                "remark": remark(record, start),
                "reason": record.reason,
            }
            for record in ordered
        ],
        drawings=_draw(records, settings, importances),
        total=format_duration(sum(record.seconds for record in records)),
        config=json.dumps(shown, indent=2, ensure_ascii=False) if shown is not None else None,
    )
    search.commit(PAGE, text)


def _draw(records: Sequence[TrialRecord], settings: SearchSettings, importances: Mapping[str, float]) -> dict[str, Any]:
    """Return the pictures by name, those of keys as a list; none of trials that all failed."""
    metric, maximise = settings.metric, settings.maximise
    if not any(record.state == COMPLETE for record in records):
        return {}
    found: dict[str, Any] = {
        "history": render_svg(figures.draw_history(records, metric, maximise), "metric by trial, and the best so far"),
        "slices": [
            render_svg(figure, f"metric by {name}") for name, figure in figures.draw_slices(records, metric).items()
        ],
        "parallel": render_svg(figures.draw_parallel(records, metric, maximise), "trials as lines over their values"),
    }
    if importances:
        found["importances"] = render_svg(figures.draw_importances(importances), "importance of each key")
    return found
