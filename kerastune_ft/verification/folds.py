"""Verification of a cross-validation: its members hold what they claim, and its means and model are made of them."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from kerastune_ft.metrics.document import FOLDS, metrics_by_split
from kerastune_ft.rundir import RunDirectory
from kerastune_ft.verification.run_record import Finding, Findings, RunRecord, hash_array, some_of
from kerastune_ft.verification.saved_model import hash_saved_values, layer_of
from kerastune_ft.wording import counted

_MODEL = "model/model.keras"
_REPEAT = "give the same command with --fresh, which keeps this one aside"


def check_folds(record: RunRecord, findings: Findings, verify: Callable[[RunRecord], list[Finding]]) -> str | None:
    """Check every finished member by `verify`, and once all are done figures and model of the ensemble."""
    places = (record.plan.get("ensemble") or {}).get("members") or ()
    members = {place: RunDirectory(record.run.path / "folds" / place) for place in places}
    finished = {place: RunRecord(run, False) for place, run in members.items() if run.exists("metrics.json")}
    for place, member in finished.items():
        for found in verify(member):
            where = f"folds/{place}/{found.place}"
            findings.found.append(Finding(where, found.message, _REPEAT, found.is_broken))
    if not record.is_done or not places:
        return f"{counted(len(finished), 'member')} hold what they claim" if finished else None
    if lacking := set(places) - set(finished):
        findings.fail("folds", f"it lacks the finished members {some_of(lacking)}", _REPEAT)
    else:
        _check_figures(record, finished, findings)
        _check_model(record, finished, findings)
    return f"{counted(len(places), 'member')} hold what they claim, and {_MODEL} and {FOLDS} are made of them"


def _check_figures(record: RunRecord, members: Mapping[str, RunRecord], findings: Findings) -> None:
    """Check that the table of the folds has the figures of the members, and the means of these."""
    document: Mapping[str, Any] = record.run.read_json(FOLDS)
    # Each has metrics of its fold alone, which is its test split where it was refitted.
    own = [next(iter(metrics_by_split(each.run.read_json("metrics.json")).values())) for each in members.values()]
    if [entry["metrics"] for entry in document["members"]] != own:
        findings.fail(FOLDS, "its metrics of the members are not those in their metrics.json", _REPEAT)
    for name, found in document["metrics"].items():
        values = [each[name] for each in own if each[name] is not None]
        mean = float(np.mean(values)) if values else None
        is_same = found["mean"] == mean or (mean is not None and math.isclose(found["mean"] or 0.0, mean, rel_tol=1e-9))
        if not is_same:
            findings.fail(FOLDS, f"the mean of {name} is {found['mean']}, and {mean} over its members", _REPEAT)


def _check_model(record: RunRecord, members: Mapping[str, RunRecord], findings: Findings) -> None:
    """Check that the layers that an ensemble has of a member hold the values that this one ended with."""
    saved = set(hash_saved_values(record.run.read_bytes(_MODEL)))
    for place, member in members.items():
        try:
            values, _ = member.read_weights(member.trained_phases[-1].weights_file)
        except ValueError:
            # The checks of the member report it.
            continue
        ended = {path: hash_array(array) for path, array in values.items() if path not in member.adapters}
        ended |= (record.manifest.get("merged") or {}).get(place) or {}
        # A layer within another keeps its name, and the other one has the member's.
        lacking = [
            path
            for path, one in ended.items()
            if not {(f"{place}_{layer_of(path)}", one), (layer_of(path), one)} & saved
        ]
        if lacking:
            findings.fail(_MODEL, f"it does not hold {some_of(lacking)} as {place} ended with them", _REPEAT)
