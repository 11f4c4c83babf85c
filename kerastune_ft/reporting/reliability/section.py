"""The section of the report on how far answers can be relied on, from evaluation/reliability.json."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

from kerastune_ft.reporting import drawing
from kerastune_ft.reporting.reliability import diagrams, words

_MEASURES = {
    "ece": "expected calibration error (ECE)",
    "ece_by_chance": "ECE that chance alone makes",
    "brier": "Brier score",
    "log_loss": "log loss",
}


def build_section(document: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return what the template draws of the content of reliability.json; None for a run that has none."""
    if not document:
        return None
    found: dict[str, Any] = {
        "choice": words.describe_choice(document),
        "chosen_on": words.name_split(document["chosen_on"]),
        "groups": words.describe_groups(document["examples"], document.get("groups"), document["split"]),
        "thresholds": document.get("thresholds") or [],
        "sets": [
            {**row, "text": words.describe_sets(row, document["split"], document["chosen_on"])}
            for row in document.get("sets") or ()
        ],
    }
    if calibration := document.get("calibration"):
        found["calibration"] = {
            "text": words.describe_calibration(calibration),
            "temperature": words.describe_temperature(calibration["temperature"]),
            "rows": list_measures(calibration),
            "charts": drawing.render_both(
                functools.partial(diagrams.draw_reliability, calibration),
                "reliability diagram: how often answers are right over their probability",
            ),
        }
    if curves := document.get("curves"):
        rows = [{**row, "examples": document["examples"]} for row in curves["classes"]]
        found["curves"] = {
            "rows": rows,
            "shown": sum("points" in row for row in rows),
            "charts": drawing.render_both(
                functools.partial(diagrams.draw_curves, rows, curves["columns"]),
                "ROC curves and precision-recall curves by class",
            ),
        }
    return found


def list_measures(calibration: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return a row for each measure of probabilities, as they are and with the temperature, with the change."""
    raw, after, changes = calibration["raw"], calibration["calibrated"], calibration["changes"]
    return [
        {
            "measure": text,
            "raw": raw[name],
            "raw_interval": raw["intervals"].get(name),
            "calibrated": after[name],
            "calibrated_interval": after["intervals"].get(name),
            "change": changes.get(name, {}).get("value"),
            "change_interval": changes.get(name, {}).get("interval"),
        }
        for name, text in _MEASURES.items()
    ]
