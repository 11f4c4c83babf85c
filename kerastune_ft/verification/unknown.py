"""Verification of unknown answers: threshold, flags and counts, computed again from the distances of predictions."""

from __future__ import annotations

import io

import numpy as np

from kerastune_ft.metrics.document import OUT_OF_FOLD
from kerastune_ft.metrics.nearest_example import choose_threshold
from kerastune_ft.verification.results.base import PREDICTIONS
from kerastune_ft.verification.run_record import Findings, RunRecord
from kerastune_ft.wording import counted

_FIT, _MODEL, _COUNTS = "model/unknown.npz", "model/unknown.keras", "evaluation/unknown.json"
_ABOUT = "model/preprocessing.json"


def check_unknown(record: RunRecord, findings: Findings) -> str | None:
    """Check that the threshold of `task.unknown` follows from validation, and the answers from the threshold."""
    if not record.is_done or (record.config.get("task") or {}).get("unknown") is None:
        return None
    if absent := [name for name in (_FIT, _MODEL, _COUNTS) if not record.run.exists(name)]:
        findings.fail(absent[0], "it is not there, and task.unknown asks for it")
        return None
    written, share = record.run.read_json(_COUNTS), record.config["task"]["unknown"]
    distances: dict[str, list[float]] = {}
    flags: dict[str, list[bool]] = {}
    for row in record.read_table(PREDICTIONS):
        distances.setdefault(row["split"], []).append(float(row["distance"]))
        flags.setdefault(row["split"], []).append(row["unknown"] == "True")
    chosen_on = OUT_OF_FOLD if OUT_OF_FOLD in distances else "validation"
    threshold = choose_threshold(np.array(distances[chosen_on]), share)
    with np.load(io.BytesIO(record.run.read_bytes(_FIT)), allow_pickle=False) as fit:
        known = {_FIT: float(fit["threshold"])}
    known |= {_COUNTS: written["threshold"], _ABOUT: record.run.read_json(_ABOUT)["unknown"]["threshold"]}
    for name, value in known.items():
        if value != threshold:
            findings.fail(
                name, f"its threshold is {value}, and {threshold} by the {chosen_on} examples of {PREDICTIONS}"
            )
    for split, found in distances.items():
        beyond = [each > threshold for each in found]
        if beyond != flags[split]:
            findings.fail(PREDICTIONS, f"its column unknown does not follow from the distances of {split}")
        counts = {"examples": len(found), "unknown": sum(beyond)}
        if written["splits"].get(split) != counts:
            findings.fail(_COUNTS, f"it has {written['splits'].get(split)} of {split}, and {PREDICTIONS} {counts}")
    total = sum(map(len, distances.values()))
    return f"the threshold lets {share:g} of {chosen_on} through, and {counted(total, 'answer')} follow from it"
