"""Verification of a run's files: those the manifest names, those it does not, and what they say of each other."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from kerastune_ft.config.read import read
from kerastune_ft.rundir import MANIFEST, is_partial
from kerastune_ft.verification.run_record import Claims, Findings, some_of

_UNLISTED = re.compile(
    rf"{re.escape(MANIFEST)}|log\.txt|events\.jsonl|\.lock|\.lock\.json|phases/[^/]+/checkpoint/(best-)?\d+\.safetensors"
)
_NEWER = "the same command writes it anew"
_STATES = {"running", "interrupted", "failed", "done"}
_RESULTS = ("config.json", "plan.json", "splits.csv", "history.csv", "metrics.json", "model/model.keras")
# Keys of a phase that plan.json repeats as the configuration has them.
_REPEATED = ("name", "unfreeze", "accumulate", "clip_norm", "label_smoothing", "monitor")


def listed(claims: Claims, findings: Findings) -> str | None:
    """Check that every file of the manifest is there with its size and SHA-256."""
    size = 0
    for name, about in claims.files.items():
        if wrong := _difference(claims, name, about):
            if claims.is_settled(name):
                findings.broken(name, wrong)
            else:
                findings.warning(name, f"{wrong}; it may be newer, since the run is not done", _NEWER)
        size += about["bytes"]
    if claims.is_done:
        for name in _RESULTS:
            if name not in claims.files:
                findings.broken(MANIFEST, f"it says that the run is done, and does not name {name}")
    return f"{len(claims.files)} files ({size:,} bytes) are as {MANIFEST} names them" if claims.files else None


def _difference(claims: Claims, name: str, about: Mapping[str, Any]) -> str | None:
    if not claims.run.exists(name):
        return "it is missing"
    content = claims.run.read_bytes(name)
    if len(content) != about["bytes"]:
        return f"it has {len(content):,} bytes, and {MANIFEST} says {about['bytes']:,}"
    found = hashlib.sha256(content).hexdigest()
    if found != about["sha256"]:
        return f"its SHA-256 is {found[:12]}, and {MANIFEST} says {about['sha256'][:12]}"
    return None


def strays(claims: Claims, findings: Findings) -> str:
    """Look for files that the manifest does not name and for what killed processes left half-written."""
    count = 0
    for name in _names(claims.run.path, ""):
        count += 1
        if is_partial(name):
            if not claims.is_live:
                findings.warning(name, "a killed process left it half-written", "the next `run` removes it")
        elif name not in claims.files and not _UNLISTED.fullmatch(name):
            done = claims.is_done
            remedy = "nothing reads it: delete it, or keep it elsewhere" if done else "the same command takes it in"
            findings.warning(name, f"{MANIFEST} does not name it", remedy)
    return f"no file among {count} is half-written or unknown to {MANIFEST}"


def _names(folder: Path, before: str) -> Iterator[str]:
    for entry in sorted(folder.iterdir(), key=lambda one: one.name):
        if entry.is_dir():
            yield from _names(entry, f"{before}{entry.name}/")
        else:
            yield f"{before}{entry.name}"


def agreement(claims: Claims, findings: Findings) -> str | None:
    """Check that configuration, plan, manifest, results and splits tell the same of the run."""
    if claims.state not in _STATES:
        findings.broken(MANIFEST, f"its state is {claims.state!r}; there are {', '.join(sorted(_STATES))}")
    if claims.is_done and claims.manifest.get("exit_code") != 0:
        findings.broken(MANIFEST, f"the run is done with exit code {claims.manifest.get('exit_code')}")
    if not claims.plan:
        return None
    _same(findings, "plan.json", "seed", claims.plan["seed"], "config.json", claims.config["seed"])
    _same(findings, MANIFEST, "seed", claims.manifest.get("seed"), "config.json", claims.config["seed"])
    known, planned = claims.manifest.get("data_fingerprint"), claims.plan["data"]["fingerprint"]
    _same(findings, "plan.json", "data fingerprint", planned, MANIFEST, known)
    _phases(claims, findings)
    if claims.run.exists("model/labels.json"):
        names = claims.run.read_json("model/labels.json")
        _same(findings, "model/labels.json", "labels", names, "plan.json", claims.plan["labels"]["names"])
    return "configuration, plan, manifest and results of the phases agree"


def _same(findings: Findings, place: str, what: str, value: Any, other: str, expected: Any) -> None:
    if value != expected:
        findings.broken(place, f"{what} is {_short(value)}, and {_short(expected)} in {other}")


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _phases(claims: Claims, findings: Findings) -> None:
    written = [phase.model_dump(mode="json") for phase in read(dict(claims.config)).phases]
    names, planned = [phase["name"] for phase in written], [phase.name for phase in claims.phases]
    _same(findings, "plan.json", "the list of phases", planned, "config.json", names)
    for before, phase in zip(written, claims.phases, strict=False):
        for key in _REPEATED:
            # The plan has what it resolved: an object may be spelt otherwise there.
            if key in phase.plan and not isinstance(before[key], dict):
                place = f"plan.json, phase {phase.name}"
                _same(findings, place, key, phase.plan[key], "config.json", before[key])
    told = {entry["name"]: entry for entry in claims.manifest.get("phases") or ()}
    for phase in claims.finished:
        if phase.name in told:
            own = f"{phase.folder}/result.json"
            if told.pop(phase.name) != phase.result:
                findings.broken(MANIFEST, f"phase {phase.name} is told otherwise than in {own}")
        elif claims.is_done:
            findings.broken(MANIFEST, f"phase {phase.name} is finished, and not among its phases")
    if told:
        findings.broken(MANIFEST, f"phases {some_of(set(told))} are told as finished and have no result.json")
    if claims.is_done and len(claims.finished) < len(claims.phases):
        missing = {phase.name for phase in claims.phases} - {phase.name for phase in claims.finished}
        findings.broken(MANIFEST, f"the run is done, and phases {some_of(missing)} have no result.json")
