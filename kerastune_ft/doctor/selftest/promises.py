"""The promises of the selftest as rows: what was compared, by how much it differs, the tolerance, and the verdict."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from kerastune_ft.doctor.selftest import differences
from kerastune_ft.doctor.selftest.child import ANSWERS, OUTCOME
from kerastune_ft.doctor.selftest.differences import Difference
from kerastune_ft.doctor.selftest.samples import TRAINED, Sample
from kerastune_ft.verification.verify import verify

HOLDS, BROKEN, NOT_TRIED = "holds", "broken", "not tried"
EXACT = 0.0
ROUNDING = 1e-4
"""Of float32 sums that are taken in another order, through five epochs."""
MODEL = 1e-4
"""Of two compiled programs of one model, as `run` allows when it saves."""
ACCELERATOR = 1e-3
"""Of two runs on an accelerator, whose kernels add in no fixed order; a guess, since none was at hand."""


@dataclass(frozen=True)
class Row:
    """The verdict on one promise for one model."""

    promise: str
    model: str
    verdict: str
    compared: str = ""
    difference: float | None = None
    tolerance: float | None = None
    detail: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return the row as a JSON object."""
        return dict(vars(self))


@dataclass(frozen=True)
class Bounds:
    """What may differ on the devices of a selftest."""

    repeated: float
    """Of the same run done in another way."""
    divided: float
    """Of the same run on another number of devices."""


Judge = Callable[[Path, Sample, Bounds], Row]


def read_outcome(folder: Path, run: str) -> dict[str, Any]:
    """Return what the process that trained a run wrote of it; empty where it wrote nothing."""
    path = folder / f"{run}-{OUTCOME}"
    return json.loads(path.read_text()) if path.is_file() else {}


def find_failure(folder: Path, *runs: str) -> str:
    """Return why one of these runs has no results; empty where all have."""
    for run in runs:
        if error := read_outcome(folder, run).get("error"):
            return str(error)
        if not (folder / run / "metrics.json").is_file():
            return f"the run {run} has no results"
    return ""


def _judge(promise: str, sample: Sample, found: Difference, tolerance: float, detail: str = "") -> Row:
    verdict = HOLDS if found.largest <= tolerance else BROKEN
    if verdict == BROKEN:
        detail = "; ".join(filter(None, [f"most in {found.where}", detail]))
    return Row(promise, sample.title, verdict, found.compared, found.largest, tolerance, detail)


def _compare(promise: str, folder: Path, sample: Sample, other: str, tolerance: float, detail: str = "") -> Row:
    runs = (f"{sample.name}-reference", f"{sample.name}-{other}")
    if failure := find_failure(folder, *runs):
        return Row(promise, sample.title, BROKEN, detail=failure)
    return _judge(promise, sample, differences.compare_runs(*(folder / run for run in runs)), tolerance, detail)


def judge_freezing(folder: Path, sample: Sample, bounds: Bounds) -> Row:
    """Judge that frozen variables are those of the beginning: by the package's file, and by all that a run claims."""
    promise, run = "frozen stays frozen", f"{sample.name}-reference"
    if failure := find_failure(folder, run):
        return Row(promise, sample.title, BROKEN, detail=failure)
    verified = verify(folder / run)
    broken = [str(finding) for check in verified.checks for finding in check.findings if finding.is_broken]
    if broken:
        return Row(promise, sample.title, BROKEN, "all that verify checks", detail=broken[0])
    if sample.weights is not None:
        found = differences.compare_with_file(folder / run, sample.weights)
        return _judge(promise, sample, found, EXACT, "verify holds")
    return Row(promise, sample.title, HOLDS, "all that verify checks", 0.0, EXACT)


def judge_store(folder: Path, sample: Sample, bounds: Bounds) -> Row:
    """Judge that a run that stores features is the same as one that does not."""
    promise, run = "store on = off", folder / f"{sample.name}-reference"
    plan = run / "plan.json"
    if plan.is_file() and not json.loads(plan.read_text())["cache"]["stores"]:
        return Row(promise, sample.title, NOT_TRIED, detail="nothing is stored on these devices")
    return _compare(promise, folder, sample, "unstored", bounds.repeated)


def judge_resume(folder: Path, sample: Sample, bounds: Bounds) -> Row:
    """Judge that a run that was killed and went on is the same as one that was not."""
    name = f"{sample.name}-killed"
    after = read_outcome(folder, name).get("begun", {}).get(TRAINED, 0)
    detail = f"SIGKILL in phase {TRAINED}, went on after step {after}"
    row = _compare("resume = uninterrupted", folder, sample, "killed", bounds.repeated, detail)
    if row.verdict == HOLDS and not after:
        return Row(row.promise, row.model, BROKEN, row.compared, detail=f"the phase {TRAINED} was begun anew")
    return row


def judge_again(folder: Path, sample: Sample, bounds: Bounds) -> Row:
    """Judge that the same run in another process gives the same."""
    return _compare("again = before", folder, sample, "again", bounds.repeated, "in another process")


def judge_saved_model(folder: Path, sample: Sample, bounds: Bounds) -> Row:
    """Judge that the saved model answers what was measured, opened by Keras alone."""
    promise, run = "saved = measured", f"{sample.name}-reference"
    if failure := find_failure(folder, run):
        return Row(promise, sample.title, BROKEN, detail=failure)
    path = folder / f"{run}-{ANSWERS}"
    if not path.is_file():
        return Row(promise, sample.title, BROKEN, detail="the saved model could not be opened")
    with np.load(path) as arrays:
        found = differences.compare_answers(folder / run, arrays["answers"])
    tolerance = max(MODEL, bounds.repeated)
    return _judge(promise, sample, found, tolerance, "opened by Keras alone, in another process")


def judge_replicas(folder: Path, sample: Sample, bounds: Bounds, one: str, many: str, detail: str) -> Row:
    """Judge that `many` devices give what `one` gives; both are names of runs."""
    promise = "N devices = 1"
    runs = (f"{sample.name}-{one}", f"{sample.name}-{many}")
    if failure := find_failure(folder, *runs):
        return Row(promise, sample.title, BROKEN, detail=failure)
    return _judge(promise, sample, differences.compare_runs(*(folder / run for run in runs)), bounds.divided, detail)
