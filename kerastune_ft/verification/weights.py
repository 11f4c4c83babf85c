"""Verification of a run's weights: which trained, which stayed frozen, and where each phase started from."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Mapping
from typing import Any

import numpy as np

from kerastune_ft.durable import hash_content
from kerastune_ft.training.checkpoint import pack
from kerastune_ft.training.left_weights import is_discarded, left_epoch
from kerastune_ft.verification.run_record import Findings, PhaseRecord, RunRecord, hash_array, some_of
from kerastune_ft.wording import counted

_EARLIER = "the same command goes on from the checkpoint before it"
_BEST = "best-"
_FROM_START = "the same command begins the phase again"


def check_best_weights(record: RunRecord, findings: Findings) -> str | None:
    """Check that the weights of every finished phase open, belong to the run and hold what trained until then."""
    count = files = 0
    for phases in record.schedules:
        trained: set[str] = set()
        for phase in phases:
            trained |= phase.changed_variables
            if phase.result is not None:
                files += 1
                count += _check_weights(record, findings, phase, trained)
    return f"{counted(count, 'variable')} in {counted(files, 'weights file')}: all that trained" if files else None


def _check_weights(record: RunRecord, findings: Findings, phase: PhaseRecord, trained: set[str]) -> int:
    """Check the weights of a finished phase, by which `trained` changed; return how many there are."""
    arrays = _read_weights(record, findings, phase.weights_file)
    if arrays is None:
        return 0
    _, header = record.read_weights(phase.weights_file)
    if header.get("epoch") != left_epoch(phase.result or {}) or header.get("phase") != phase.name:
        findings.fail(phase.weights_file, f"it is of epoch {header.get('epoch')} of phase {header.get('phase')}")
    if extra := arrays.keys() - trained:
        findings.fail(phase.weights_file, f"it holds {some_of(extra)}, which no phase so far trains")
    if missing := trained - arrays.keys():
        findings.fail(phase.weights_file, f"it lacks {some_of(missing)}, which trained")
    return len(arrays)


def _read_weights(record: RunRecord, findings: Findings, name: str) -> Mapping[str, np.ndarray] | None:
    """Return the arrays of a weights file that is whole, finite and relative to the run's pretrained weights."""
    try:
        arrays, header = record.read_weights(name)
    except ValueError as error:
        findings.fail(name, f"it is damaged ({error})")
        return None
    source = record.manifest.get("source_hash")
    if header.get("source") != source:
        findings.fail(
            name, f"it is relative to the weights {str(header.get('source'))[:12]}, the run's are {str(source)[:12]}"
        )
    for path, values in arrays.items():
        if np.issubdtype(values.dtype, np.floating) and not np.isfinite(values).all():
            findings.fail(name, f"{path} holds NaN or infinity")
    return arrays


def check_frozen(record: RunRecord, findings: Findings) -> str | None:
    """Check the frozen check of every finished phase: nothing frozen changed, everything else trains and has moved."""
    whole: set[str] = set()
    count = 0
    for phase in record.trained_phases:
        place, result = f"{phase.folder}/result.json", phase.result or {}
        before, after = result["frozen"]["before"], result["frozen"]["after"]
        if changed := {path for path in {*before, *after} if before.get(path) != after.get(path)}:
            findings.fail(place, f"frozen {some_of(changed)} changed during phase {phase.name}", _UNTRUSTED)
        if result["frozen"]["sha256"] != _combine_hashes(after) or result["frozen"]["variables"] != len(after):
            findings.fail(place, "its combined SHA-256 or number of frozen variables is not that of its list")
        if both := phase.changed_variables & after.keys():
            findings.fail(place, f"{some_of(both)} are said to be frozen, and plan.json says they train")
        # A phase that was added to a finished run may bring adapters.
        paths = (phase.changed_variables | after.keys()) - record.adapters
        if whole and paths != whole:
            findings.fail(
                place, f"frozen and trained variables are not those of other phases: {some_of(paths ^ whole)}"
            )
        whole = whole or paths
        # The statistics of a unit may be all that it updates.
        updated = (result.get("updated") or {}).get("moved", {})
        still = {unit for unit, moved in result["moved"].items() if not moved and phase.plan["rates"].get(unit)}
        still |= {unit for unit, moved in updated.items() if not moved}
        if still or phase.plan["trains"] != list(result["moved"]):
            findings.fail(place, f"units said to train did not move: {some_of(still) or 'their list is another'}")
        count += len(after)
    return (
        f"{counted(count, 'frozen variable')} with the same hash before and after a phase"
        if record.trained_phases
        else None
    )


_UNTRUSTED = "the result must not be trusted; start over with --fresh, which keeps this run aside"


def _combine_hashes(hashes: Mapping[str, str]) -> str:
    return hashlib.sha256("".join(f"{path}{one}" for path, one in sorted(hashes.items())).encode()).hexdigest()


def check_phase_chain(record: RunRecord, findings: Findings) -> str | None:
    """Check that every phase started from what the phase before ended with, by the hashes of frozen variables."""
    count = 0
    finished = [[phase for phase in phases if phase.result is not None] for phases in record.schedules]
    pairs = [pair for phases in finished for pair in itertools.pairwise(phases)]
    for earlier, phase in pairs:
        held = (phase.result or {})["frozen"]["before"]
        left = _hash_final_weights(record, earlier, str(phase.plan.get("start_from") or "best"), held.keys())
        if broken := {path for path in left if left[path] != held[path]}:
            place = f"{phase.folder}/result.json"
            findings.fail(place, f"frozen {some_of(broken)} are not what phase {earlier.name} left", _UNTRUSTED)
        count += len(left)
        _check_discarded(record, findings, earlier, phase)
    return f"{counted(count, 'frozen variable')} as the phase before left them" if pairs else None


def _check_discarded(record: RunRecord, findings: Findings, earlier: PhaseRecord, phase: PhaseRecord) -> None:
    """Check that a phase whose own weights were discarded left what the phase before did."""
    if not is_discarded(phase.result or {}):
        return
    start = str(phase.plan.get("start_from") or "best")
    known = _hash_final_weights(record, earlier, start, phase.changed_variables)
    own = {path: hash_array(array) for path, array in _find_weights(record, phase.weights_file).items()}
    if broken := {path for path in known.keys() & own.keys() if known[path] != own[path]}:
        message = f"it is said to hold what phase {phase.name} began with, and {some_of(broken)} are not what phase "
        findings.fail(phase.weights_file, f"{message}{earlier.name} left", _UNTRUSTED)


def _hash_final_weights(
    record: RunRecord, earlier: PhaseRecord, start_from: str, wanted: Mapping[str, str] | set
) -> dict[str, str]:
    """Return by path the hashes that the next phase starts from, as far as the run's own files have them."""
    frozen = (earlier.result or {})["frozen"]["after"]
    known = {path: one for path, one in frozen.items() if path in wanted}
    trained_before = {path for path in _find_weights(record, earlier.weights_file)}
    if start_from == "pretrained":
        # The backbone was loaded again from its source, which is no part of the run.
        return {path: one for path, one in known.items() if path not in trained_before}
    values: Mapping[str, np.ndarray] = _find_weights(record, earlier.weights_file)
    if start_from == "last" and not is_discarded(earlier.result or {}):
        steps = (earlier.result or {})["steps"]
        held = _find_weights(record, f"{earlier.folder}/checkpoint/{steps:09d}.safetensors")
        # Of weights that were averaged the averages are gone on from.
        last = {path: held.get(f"average:{path}", held.get(f"variable:{path}")) for path in values}
        values = {path: value for path, value in last.items() if value is not None}
    return known | {path: hash_array(array) for path, array in values.items() if path in wanted}


def _find_weights(record: RunRecord, name: str) -> Mapping[str, np.ndarray]:
    """Return the arrays of a weights file; none where it is damaged, which another check reports."""
    try:
        return record.read_weights(name)[0]
    except ValueError:
        return {}


def check_checkpoints(record: RunRecord, findings: Findings) -> str | None:
    """Check that the checkpoints can be read; a run falls back from a damaged one, so that is a warning."""
    count = 0
    for phase in itertools.chain(*record.schedules):
        names = [name for name in record.run.list_files(f"{phase.folder}/checkpoint") if not name.startswith(_BEST)]
        count += sum(_check_checkpoint(record, findings, phase, name, older=name != names[0]) for name in names)
    return f"{counted(count, 'checkpoint')} read" if count else None


def _check_checkpoint(record: RunRecord, findings: Findings, phase: PhaseRecord, name: str, older: bool) -> bool:
    place = f"{phase.folder}/checkpoint/{name}"
    try:
        arrays, header = record.read_weights(place)
        _require_best_weights(record, phase, header)
    except ValueError as error:
        done = phase.result is not None
        remedy = "the phase is finished, so nothing is lost" if done else _EARLIER if older else _FROM_START
        findings.warn(place, f"it is damaged ({error})", remedy)
        return False
    if header.get("source") != record.manifest.get("source_hash"):
        findings.fail(place, "it is relative to other pretrained weights than the run's")
    if header["state"]["step"] != int(name.partition(".")[0]):
        findings.fail(place, f"it is named by another step than the one it holds, {header['state']['step']}")
    held = {key.removeprefix("variable:") for key in arrays if key.startswith("variable:")}
    if held != phase.changed_variables:
        findings.fail(place, f"it does not hold just what its phase changes: {some_of(held ^ phase.changed_variables)}")
    is_end = phase.result is not None and header["state"]["step"] == phase.result["steps"]
    # The best weights of a phase that discarded them are nowhere else.
    if is_end and not is_discarded(phase.result or {}):
        ended = _find_weights(record, phase.weights_file)
        own = pack({path: array for path, array in ended.items() if path in phase.changed_variables}, header["source"])
        if hash_content(own) != header["best"]["sha256"]:
            findings.fail(phase.weights_file, f"its weights are not the best ones that {place} names")
    return True


def _require_best_weights(record: RunRecord, phase: PhaseRecord, header: Mapping[str, Any]) -> None:
    """Raise ValueError when the best weights so far that a checkpoint names are not there, or are others."""
    # A finished phase keeps them in its own file.
    if not header["best"] or phase.result is not None:
        return
    name = f"{_BEST}{header['best']['step']:09d}.safetensors"
    place = f"{phase.folder}/checkpoint/{name}"
    if not record.run.exists(place):
        raise ValueError(f"{name}, its best weights, is missing")
    if hashlib.sha256(record.run.read_bytes(place)).hexdigest() != header["best"]["sha256"]:
        raise ValueError(f"{name}, its best weights, are not those it was written with")
