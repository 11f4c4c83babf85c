"""Verification of a run's files: hashes by the manifest, files it does not name, and whether the files agree."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from kerastune_ft.config.read import read
from kerastune_ft.input.texts.vocabulary import hash_vocabulary
from kerastune_ft.metrics.document import REFIT
from kerastune_ft.run_logs import EVENT_FILES
from kerastune_ft.rundir import MANIFEST, is_partial
from kerastune_ft.verification.run_record import Findings, PhaseRecord, RunRecord, some_of
from kerastune_ft.wording import counted

_UNLISTED = re.compile(
    rf"{re.escape(MANIFEST)}|log\.txt|events\.jsonl|\.lock|\.lock\.json|\.mirror(-[01])?\.json|export/.+|"
    rf"{EVENT_FILES}/.+|profile/[^/]+/plugins/.+|folds/.+|(phases|refit)/[^/]+/checkpoint/(best-)?\d+\.safetensors"
)
_REWRITTEN = "the same command writes it again"
_STATES = {"running", "interrupted", "failed", "done"}
_RESULTS = ("config.json", "plan.json", "splits.csv", "history.csv", "metrics.json", "model/model.keras")
_SHA256 = re.compile("[0-9a-f]{64}")
_VOCABULARY, _MODEL = "model/tokenizer/assets/", "model/model.keras"
# Keys of a phase that plan.json copies from the configuration.
_COPIED_KEYS = ("name", "unfreeze", "accumulate", "clip_norm", "label_smoothing", "monitor")


def check_listed_files(record: RunRecord, findings: Findings) -> str | None:
    """Check that every file of the manifest is there with its size and SHA-256."""
    size = 0
    for name, about in record.files.items():
        if wrong := _compare_with_manifest(record, name, about):
            if record.is_settled(name):
                findings.fail(name, wrong)
            else:
                findings.warn(name, f"{wrong}; it may be newer, since the run is not done", _REWRITTEN)
        size += about["bytes"]
    if record.is_done:
        for name in _RESULTS:
            # The epochs of an ensemble are those of its members.
            if name not in record.files and (name != "history.csv" or record.phases) and not record.is_member:
                findings.fail(MANIFEST, f"it says that the run is done, and does not name {name}")
    return f"{counted(len(record.files), 'file')} ({size:,} bytes) as {MANIFEST} names them" if record.files else None


def _compare_with_manifest(record: RunRecord, name: str, about: Mapping[str, Any]) -> str | None:
    if not record.run.exists(name):
        return "it is missing"
    content = record.run.read_bytes(name)
    if len(content) != about["bytes"]:
        return f"it has {len(content):,} bytes, and {MANIFEST} says {about['bytes']:,}"
    found = hashlib.sha256(content).hexdigest()
    if found != about["sha256"]:
        return f"its SHA-256 is {found[:12]}, and {MANIFEST} says {about['sha256'][:12]}"
    return None


def check_stray_files(record: RunRecord, findings: Findings) -> str:
    """Check that every file is in the manifest and that no killed process left one half-written."""
    count = 0
    for name in _list_names(record.run.path, ""):
        count += 1
        if is_partial(name):
            if not record.is_live:
                findings.warn(name, "a killed process left it half-written", "the next `run` removes it")
        elif name not in record.files and not _UNLISTED.fullmatch(name):
            done = record.is_done
            remedy = "nothing reads it: delete it, or keep it elsewhere" if done else "the same command takes it in"
            findings.warn(name, f"{MANIFEST} does not name it", remedy)
    return f"no file among {count} is half-written or unknown to {MANIFEST}"


def _list_names(folder: Path, prefix: str) -> Iterator[str]:
    for entry in sorted(folder.iterdir(), key=lambda one: one.name):
        if entry.is_dir():
            yield from _list_names(entry, f"{prefix}{entry.name}/")
        else:
            yield f"{prefix}{entry.name}"


def check_agreement(record: RunRecord, findings: Findings) -> str | None:
    """Check that configuration, plan, manifest, results of phases and labels do not contradict each other."""
    if record.state not in _STATES:
        findings.fail(MANIFEST, f"its state is {record.state!r}; there are {', '.join(sorted(_STATES))}")
    if record.is_done and record.manifest.get("exit_code") != 0:
        findings.fail(MANIFEST, f"the run is done with exit code {record.manifest.get('exit_code')}")
    if not record.plan:
        return None
    _require_same(findings, "plan.json", "seed", record.plan["seed"], "config.json", record.config["seed"])
    _require_same(findings, MANIFEST, "seed", record.manifest.get("seed"), "config.json", record.config["seed"])
    known, planned = record.manifest.get("data_fingerprint"), record.plan["data"]["fingerprint"]
    _require_same(findings, "plan.json", "data fingerprint", planned, MANIFEST, known)
    if "ensemble" not in record.plan:
        _check_phases(record, findings)
    if record.run.exists("model/labels.json"):
        names = record.run.read_json("model/labels.json")
        _require_same(findings, "model/labels.json", "labels", names, "plan.json", record.plan["labels"]["names"])
    _check_origins(record, findings)
    return "configuration, plan, manifest and results of the phases agree"


def _check_origins(record: RunRecord, findings: Findings) -> None:
    """Check what the manifest says the run was computed with: hashes of parts, versions; earlier runs have less."""
    parts = record.manifest.get("parts") or {}
    if wrong := [name for name, value in parts.items() if not _SHA256.fullmatch(str(value))]:
        findings.fail(MANIFEST, f"its hash of {some_of(wrong)} is no SHA-256")
    starts = [
        record.manifest.get("versions"),
        *(one["versions"] for one in record.manifest.get("later_versions") or ()),
    ]
    if not all(isinstance(versions, Mapping) and "tensorflow" in versions for versions in starts):
        findings.fail(MANIFEST, "it does not name the versions that every start of the run was computed with")
    # Members of a cross-validation have no model of their own.
    if record.is_done and "vocabulary" in parts and record.run.exists(_MODEL):
        names = [name for name in record.files if name.startswith(_VOCABULARY)]
        files = {name.removeprefix("model/tokenizer/"): record.run.read_bytes(name) for name in names}
        found = hash_vocabulary(files)
        _require_same(findings, _VOCABULARY, "SHA-256 of the vocabulary", found, MANIFEST, parts["vocabulary"])


def _require_same(findings: Findings, place: str, what: str, value: Any, other: str, expected: Any) -> None:
    if value != expected:
        findings.fail(place, f"{what} is {_shorten(value)}, and {_shorten(expected)} in {other}")


def _shorten(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _check_phases(record: RunRecord, findings: Findings) -> None:
    written = [phase.model_dump(mode="json") for phase in read(dict(record.config)).phases]
    names, planned = [phase["name"] for phase in written], [phase.name for phase in record.phases]
    _require_same(findings, "plan.json", "the list of phases", planned, "config.json", names)
    for wanted, phase in zip(written, record.phases, strict=False):
        for key in _COPIED_KEYS:
            # The plan has values that were resolved, so an object may be written differently there.
            if key in phase.plan and not isinstance(wanted[key], dict):
                place = f"plan.json, phase {phase.name}"
                _require_same(findings, place, key, phase.plan[key], "config.json", wanted[key])
    _check_listed(record, findings, record.phases, "phases")
    _check_listed(record, findings, record.refit, REFIT)
    if record.is_done and record.config.get(REFIT) and not record.refit:
        findings.fail(MANIFEST, "the run is done, and its refit has no plan")


def _check_listed(record: RunRecord, findings: Findings, phases: Sequence[PhaseRecord], key: str) -> None:
    """Check the results of phases against the manifest, which lists them under a key."""
    listed = {entry["name"]: entry for entry in record.manifest.get(key) or ()}
    finished = [phase for phase in phases if phase.result is not None]
    for phase in finished:
        if phase.name in listed:
            own = f"{phase.folder}/result.json"
            if listed.pop(phase.name) != phase.result:
                findings.fail(MANIFEST, f"its entry of phase {phase.name} is not what {own} holds")
        elif record.is_done:
            findings.fail(MANIFEST, f"phase {phase.name} is finished, and not among its {key}")
    if listed:
        findings.fail(MANIFEST, f"{key} {some_of(listed)} are listed as finished and have no result.json")
    if record.is_done and len(finished) < len(phases):
        missing = {phase.name for phase in phases} - {phase.name for phase in finished}
        findings.fail(MANIFEST, f"the run is done, and {key} {some_of(missing)} have no result.json")
