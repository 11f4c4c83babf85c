"""The report of a run: one HTML page that needs nothing beside it, and the same figures as data."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from kerastune_ft.reporting import classes, curves, facts, pages, records, redaction
from kerastune_ft.reporting import phases as ran

Spelling = Callable[[str], str]

_FULL_CLASS_TABLE = 30
_POINTS = 2000


def render(run_directory: Path) -> str:
    """Return the report page of a run directory; what is not there yet is named on the page."""
    run = records.read(run_directory)
    found = _summary(run)
    return pages.fill(
        "report.html",
        **found,
        written=records.WRITTEN,
        curves=_curves(run),
        scatter=_scatter(run),
        strips=ran.unit_strips(run.plan, run.manifest),
        matrix=_matrix(run),
        mistakes=_mistakes(run),
        counts=facts.counts_rows(run.plan.get("data") or {}),
        worst_first=sorted(found["classes"], key=lambda row: row["f1"] or 0.0),
        full_class_table=_FULL_CLASS_TABLE,
        config=json.dumps(_shown_config(run), indent=2, ensure_ascii=False),
    )


def summary(run_directory: Path) -> dict[str, Any]:
    """Return the figures of the report as plain data: what `report --json` prints."""
    return _summary(records.read(run_directory))


def _summary(run: records.Records) -> dict[str, Any]:
    results = ran.phase_results(run.plan, run.manifest, run.history)
    manifest, plan = run.manifest, run.plan
    say = redaction.spoken(run.shows_examples, _known_words(run))
    message = manifest.get("message")
    return {
        "name": plan.get("name") or run.config.get("name") or run.directory.name,
        "task": (run.config.get("task") or {}).get("kind"),
        "state": manifest.get("state", "not begun"),
        "exit_code": manifest.get("exit_code"),
        "message": say(message) if message else None,
        "started": manifest.get("started"),
        "updated": manifest.get("updated"),
        "seconds": sum(result["seconds"] or 0 for result in results) or None,
        "phase": manifest.get("phase"),
        "epoch": manifest.get("epoch"),
        "metrics": {split: dict(measured) for split, measured in run.metrics.items()},
        "phases": results,
        "earlier_phase_better": ran.earlier_was_better(results, run.history),
        "frozen": ran.frozen_proof(manifest),
        "classes": _per_class(run),
        "confused": classes.most_confused(_pairs(run)),
        "data": _data(run, say),
        "backbone": _backbone(run, say),
        "environment": _environment(run),
        "notes": [say(note) for note in plan.get("notes") or ()],
        "examples": run.shows_examples,
        "missing": run.missing,
    }


def _known_words(run: records.Records) -> set[str]:
    """Return the quoted words that are no patient's: classes, phases, units, splits."""
    plan = run.plan
    data = plan.get("data") or {}
    units = [unit["id"] for unit in (plan.get("backbone") or {}).get("units") or ()]
    return {*map(str, data.get("classes") or ()), *data.get("counts", ()), *units} | {
        str(phase["name"]) for phase in plan.get("phases") or ()
    }


def _has_confusions(run: records.Records) -> bool:
    """Return whether one label faces one prediction: not so in regression or with several labels per example."""
    task = run.config.get("task") or {}
    return not task.get("multi_label") and bool(run.predictions) and "prediction" in run.predictions[0]


def _pairs(run: records.Records) -> classes.Pairs:
    return classes.confusions(run.predictions, "test") if _has_confusions(run) else {}


def _class_names(run: records.Records) -> list[str]:
    return [str(name) for name in (run.plan.get("data") or {}).get("classes") or ()]


def _per_class(run: records.Records) -> list[dict[str, Any]]:
    pairs = _pairs(run)
    return classes.per_class(pairs, _class_names(run)) if pairs else []


def _matrix(run: records.Records) -> dict[str, Any] | None:
    """Return the confusion matrix with, for every cell, its share of the row, which shades it."""
    pairs = _pairs(run)
    if not pairs:
        return None
    found = classes.matrix(pairs, _class_names(run))
    rows = []
    for place, counts in enumerate(found["counts"]):
        total = sum(counts)
        cells = [
            {"count": count, "share": count / total if total else 0.0, "right": place == column}
            for column, count in enumerate(counts)
        ]
        rows.append({"label": found["classes"][place], "cells": cells, "total": total})
    return {"classes": found["classes"], "rows": rows, "of": found["of"]}


def _data(run: records.Records, say: Spelling) -> dict[str, Any]:
    data = run.plan.get("data") or {}
    skipped = data.get("skipped") or []
    return {
        "kind": data.get("kind"),
        "name": say(data["name"]) if data.get("name") else None,
        "examples": data.get("examples"),
        "counts": data.get("counts") or {},
        "fingerprint": data.get("fingerprint") or run.manifest.get("data_fingerprint"),
        "notes": [say(note) for note in data.get("notes") or ()],
        "skipped_files": len(skipped),
        "skipped": [dict(file) for file in skipped] if run.shows_examples else [],
    }


def _backbone(run: records.Records, say: Spelling) -> dict[str, Any]:
    backbone = run.plan.get("backbone") or {}
    transfer = dict(run.manifest.get("transfer") or backbone.get("transfer") or {})
    # Weights can come from a local file, whose path is withheld like any other.
    if transfer.get("source"):
        transfer["source"] = say(transfer["source"])
    return {
        **{key: backbone.get(key) for key in ("kind", "name", "image_size", "parameters")},
        "weights": say(backbone["weights"]) if backbone.get("weights") else None,
        "units": len(backbone.get("units") or ()),
        "transfer": transfer,
        "head": dict(run.plan.get("head") or {}),
    }


def _environment(run: records.Records) -> dict[str, Any]:
    manifest = run.manifest
    return {
        "versions": dict(manifest.get("versions") or {}),
        "devices": dict(manifest.get("devices") or run.plan.get("devices") or {}),
        "seed": manifest.get("seed", run.plan.get("seed")),
        "config_hash": manifest.get("config_hash"),
    }


def _curves(run: records.Records) -> str | None:
    if not run.history:
        return None
    drawn = curves.learning_curves(records.frame(run.history), run.manifest.get("phases") or [])
    return curves.svg(drawn, "learning curves: loss, monitor metric and learning rate by epoch")


def _scatter(run: records.Records) -> str | None:
    """Return a regression's test predictions over the true values, every n-th if there are very many."""
    rows = [row for row in run.predictions if row["split"] == "test" and row.get("value")]
    if not rows:
        return None
    rows = rows[:: 1 + len(rows) // _POINTS]
    true, predicted = [float(row["label"]) for row in rows], [float(row["value"]) for row in rows]
    return curves.svg(curves.predicted_against_true(true, predicted), "predicted against true values")


def _mistakes(run: records.Records) -> list[dict[str, Any]]:
    """Return the worst mistakes with their thumbnails as data URIs; none where examples may not be shown."""
    if not run.shows_examples:
        return []
    return [{**mistake, "picture": _thumbnail(run.directory, mistake)} for mistake in run.mistakes]


def _thumbnail(directory: Path, mistake: Mapping[str, Any]) -> str | None:
    # Only the name counts: whatever a file says, nothing outside this folder is opened.
    name = Path(str(mistake.get("file") or "")).name
    picture = directory / "evaluation" / "mistakes" / name
    if not name or not picture.exists():
        return None
    return "data:image/png;base64," + base64.b64encode(picture.read_bytes()).decode("ascii")


def _shown_config(run: records.Records) -> Any:
    return run.config if run.shows_examples else redaction.withhold_paths(run.config)
