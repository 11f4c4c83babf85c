"""The report of a run: one HTML page that needs nothing beside it, and the same figures as data."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from kerastune_ft.reporting import data_table, drawing, records
from kerastune_ft.reporting import phase_results as ran
from kerastune_ft.reporting.page import curves, margin, redaction, templates
from kerastune_ft.reporting.results import base, label_sets

Spelling = Callable[[str], str]

_FULL_CLASS_TABLE = 30


def render(run_directory: Path) -> str:
    """Return the report page of a run directory; what is not there yet is named on the page."""
    run = records.read(run_directory)
    found = _summary(run)
    return templates.fill(
        "report.html",
        **found,
        written=records.WRITTEN,
        curves=_curves(run),
        kind=run.kind,
        pictures=base.pictures(run),
        strips=ran.unit_strips(run.plan, run.manifest),
        mistakes=_mistakes(run),
        contents=data_table.rows(run.plan.get("data") or {}, _without_label(run)),
        contents_heading=data_table.heading(run.plan.get("data") or {}),
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
    say = redaction.spoken(run.shows_examples, _known_words(run), _private_words(run))
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
        "constant": {split: dict(measured) for split, measured in run.constant.items()},
        "margin": _margin(run),
        "phases": results,
        "earlier_phase_better": ran.earlier_was_better(results, run.history),
        "frozen": ran.frozen_proof(manifest),
        **base.figures(run),
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
    return {*run.names, *map(str, data.get("classes") or ()), *data.get("counts", ()), *units} | {
        str(phase["name"]) for phase in plan.get("phases") or ()
    }


def _private_words(run: records.Records) -> set[str]:
    """Return what must not be read where examples are not shown: group ids and the names of inputs."""
    return {text for row in run.splits for text in (row.get("group"), row.get("input")) if text}


def _margin(run: records.Records) -> dict[str, str] | None:
    """Return how the model compares with the constant predictor on the test split, in words and as a verdict."""
    found = margin.margins(run.metrics.get("test") or {}, run.constant.get("test") or {})
    return margin.compare(found, run.kind)


def _without_label(run: records.Records) -> dict[str, int]:
    return label_sets.without_label(run.splits) if run.kind == "several" else {}


def _data(run: records.Records, say: Spelling) -> dict[str, Any]:
    data = run.plan.get("data") or {}
    skipped = data.get("skipped") or []
    return {
        "kind": data.get("kind"),
        "name": say(data["name"]) if data.get("name") else None,
        "examples": data.get("examples"),
        "labels": data_table.labels(run.plan.get("labels") or {}),
        "sizes": data.get("sizes") or {},
        "counts": data.get("counts") or {},
        "values": data.get("values") or {},
        "groups": data.get("groups") or {},
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
    return drawing.svg(drawn, "learning curves: loss, monitor metric and learning rate by epoch")


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
