"""Checkpoints: what differs from the pretrained source, as safetensors that need neither pickle nor TensorFlow.

A checkpoint holds the variables its phase changes, the optimizer's state and the phase's; whatever is frozen in the
phase is what the phase began with, and is not written again. The best weights so far have a file of their own, written
when they change.
"""

from __future__ import annotations

import concurrent.futures
import hashlib
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from safetensors.numpy import load

from kerastune_ft.config.options.runtime import Checkpointing, EveryMinutes, EverySteps
from kerastune_ft.durable import Content, hash_content
from kerastune_ft.errors import ConfigError
from kerastune_ft.rundir import RunDirectory
from kerastune_ft.training.tensor_file import make_tensor_file, view_bytes
from kerastune_ft.training.watch import Watcher

# Between two checkpoints at the end of epochs, so that short epochs do not spend their time writing.
SECONDS_BETWEEN_EPOCH_CHECKPOINTS = 30.0
# And at least so many times what the last one took, so that large ones cost no more than a fortieth of the time.
_TIMES_ITS_COST = 40.0
_HEADER = "kerastune_ft"
_BEST = "best-"


@dataclass(frozen=True)
class Tensors:
    """The arrays of a checkpoint: raw variables by path, optimizer state by name, averages of variables by path."""

    variables: Mapping[str, np.ndarray]
    optimizer: Mapping[str, np.ndarray]
    average: Mapping[str, np.ndarray] = field(default_factory=dict)
    """Empty where the phase does not average its weights."""

    @property
    def final(self) -> Mapping[str, np.ndarray]:
        """Return the variables that the next phase goes on from: averages where there are any, else the raw ones."""
        return {**self.variables, **self.average}


def pack(variables: Mapping[str, np.ndarray], source_hash: str, **metadata: Any) -> Content:
    """Return a safetensors file of variables by path; its header names the hash of the source they are relative to.

    It is made of the arrays as they lie in memory, which must not change before it is written.
    """
    # Not ascontiguousarray, which would give a scalar an axis.
    arrays = {path: np.asarray(value, order="C") for path, value in variables.items()}
    about = {"source": source_hash, **metadata}
    # One entry, because safetensors writes several in any order, and the same weights should be the same bytes.
    return make_tensor_file(arrays, {_HEADER: json.dumps({**about, "sha256": _hash(arrays, about)})})


def _hash(arrays: Mapping[str, np.ndarray], about: Mapping[str, Any]) -> str:
    digest = hashlib.sha256(json.dumps(about).encode())
    for path in sorted(arrays):
        digest.update(f"{path} {arrays[path].dtype} {arrays[path].shape}".encode())
        digest.update(view_bytes(arrays[path]))
    return digest.hexdigest()


def unpack(content: bytes) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Return the arrays and the header of a safetensors file; raises ValueError when it is damaged."""
    try:
        length = int.from_bytes(content[:8], "little")
        header = json.loads(json.loads(content[8 : 8 + length])["__metadata__"][_HEADER])
        arrays = load(content)
    except Exception as error:
        raise ValueError(f"not a complete safetensors file: {error}") from error
    # safetensors checks lengths alone: a value that a failing disk changed would be trained on.
    if header.pop("sha256", None) != _hash(arrays, header):
        raise ValueError("its content is not what was written")
    return arrays, header


def read_variables(run: RunDirectory, name: str, source_hash: str) -> dict[str, np.ndarray]:
    """Return the variables of a weights file of this run.

    Raises ConfigError when they are relative to other pretrained weights than the session has.
    """
    try:
        arrays, header = unpack(run.read_bytes(name))
    except ValueError as error:
        raise ConfigError(
            f"{run.path / name} is damaged ({error}); restore it, or start over with --fresh, which keeps this run "
            "aside"
        ) from error
    _check_source(run, name, header, source_hash)
    return arrays


def _check_source(run: RunDirectory, name: str, header: Mapping[str, Any], source_hash: str) -> None:
    if header.get("source") != source_hash:
        raise ConfigError(
            f"{run.path / name} was trained from other pretrained weights than backbone.weights gives now; "
            "give the weights the run began with, or start over with --fresh"
        )


@dataclass(frozen=True)
class Snapshot:
    """The state of a phase under way, as checkpoints are written and read."""

    step: int
    """Updates made."""
    tensors: Tensors
    state: Mapping[str, Any]
    best_step: int = 0
    """Updates made at the end of the best epoch; 0 before the first epoch has ended."""
    best: Mapping[str, np.ndarray] = field(default_factory=dict)
    """The variables of the best epoch."""


class Checkpoints:
    """Writes and finds the checkpoints of one phase; keeps the newest few.

    Writing goes on beside the training, of arrays that stay as they are; what goes wrong there is raised at the next
    call.
    """

    def __init__(self, run: RunDirectory, folder: str, options: Checkpointing, source_hash: str) -> None:
        """`folder` is the phase's directory within the run directory."""
        self._run, self._folder, self._options, self._source = run, f"{folder}/checkpoint", options, source_hash
        self._last = time.monotonic()
        self._writing: concurrent.futures.Future[None] | None = None
        self._pool = concurrent.futures.ThreadPoolExecutor(1, "checkpoint")
        self._best_hashes: dict[int, str] = {}
        self._took = 0.0
        self.bytes = 0
        """Bytes of the largest checkpoint written, best weights included."""

    def is_due(self, step: int, epoch_ended: bool) -> bool:
        """Return whether the options ask for a checkpoint after this update."""
        match self._options.every:
            case EverySteps(steps=steps):
                return step % steps == 0
            case EveryMinutes(minutes=minutes):
                return time.monotonic() - self._last >= 60 * minutes
        pause = max(SECONDS_BETWEEN_EPOCH_CHECKPOINTS, _TIMES_ITS_COST * self._took)
        return epoch_ended and time.monotonic() - self._last >= pause

    def steps_until_due(self, step: int) -> int | None:
        """Return the updates from `step` to the next checkpoint, where options name the step; else None."""
        match self._options.every:
            case EverySteps(steps=steps):
                return steps - step % steps
        return None

    @property
    def writes(self) -> bool:
        """Return whether this process writes them: the chief does."""
        return self._run.writer is not None

    def write(self, snapshot: Snapshot) -> None:
        """Begin to commit a checkpoint, and then to drop the oldest; its arrays must not change any more."""
        self.wait()
        if self.writes:
            self._writing = self._pool.submit(self._write, snapshot)
            self._last = time.monotonic()

    def wait(self) -> None:
        """Wait for the checkpoint being written; raise the error of writing it, if there was one."""
        writing, self._writing = self._writing, None
        if writing is not None:
            writing.result()

    def clear(self, but: int | None = None) -> None:
        """Remove all checkpoints, with their best weights, but the one after so many updates."""
        writer = self._run.writer
        for name in writer.list_files(self._folder) if writer else ():
            if but is None or name != state_name(but):
                self._run.remove(f"{self._folder}/{name}")

    def _write(self, snapshot: Snapshot) -> None:
        began = time.monotonic()
        best, size = None, 0
        if snapshot.best_step:
            if snapshot.best_step not in self._best_hashes:
                content = pack(snapshot.best, self._source)
                size = content.size
                self._run.commit(f"{self._folder}/{_best_name(snapshot.best_step)}", content)
                self._best_hashes[snapshot.best_step] = hash_content(content)
            best = {"step": snapshot.best_step, "sha256": self._best_hashes[snapshot.best_step]}
        arrays = {f"variable:{path}": value for path, value in snapshot.tensors.variables.items()}
        arrays |= {f"optimizer:{name}": value for name, value in snapshot.tensors.optimizer.items()}
        arrays |= {f"average:{path}": value for path, value in snapshot.tensors.average.items()}
        content = pack(arrays, self._source, state=dict(snapshot.state), best=best)
        name = state_name(snapshot.step)
        self._run.commit(f"{self._folder}/{name}", content)
        self.bytes = max(self.bytes, size + content.size)
        older = [other for other in self._states() if other < name]
        # Those of later steps go too: they were damaged, or this phase would have gone on from them.
        self._prune({name, *older[max(0, len(older) - self._options.keep + 1) :]})
        self._took = time.monotonic() - began

    def _states(self) -> list[str]:
        writer = self._run.writer
        return [name for name in writer.list_files(self._folder) if not name.startswith(_BEST)] if writer else []

    def _prune(self, kept: set[str]) -> None:
        """Remove every checkpoint but these, and the best weights that none of these has."""
        writer = self._run.writer
        if writer is None:
            return
        bests = [name for name in writer.list_files(self._folder) if name.startswith(_BEST)]
        # The best so far of a checkpoint is the newest that was written up to its step.
        needed = {max((best for best in bests if best <= f"{_BEST}{name}"), default="") for name in kept}
        for name in {*self._states(), *bests} - kept - needed:
            writer.remove(f"{self._folder}/{name}")

    def newest(self, watch: Watcher) -> Snapshot | None:
        """Return the newest intact checkpoint, or None; a damaged one is skipped with a note.

        Raises ConfigError when it is relative to other pretrained weights than the session has.
        """
        names = [name for name in self._run.list_files(self._folder) if not name.startswith(_BEST)]
        for earlier, name in reversed(list(enumerate(names))):
            try:
                return self._read_snapshot(f"{self._folder}/{name}")
            except (ValueError, FileNotFoundError) as error:
                then = (
                    "going on from the checkpoint before it" if earlier else "there is no other: the phase starts over"
                )
                watch.note(f"{self._folder}/{name} is damaged ({error}); {then}")
        return None

    def _read_snapshot(self, path: str) -> Snapshot:
        arrays, header = unpack(self._run.read_bytes(path))
        _check_source(self._run, path, header, self._source)
        best_step, best = 0, dict[str, np.ndarray]()
        if header["best"]:
            best_step, digest = header["best"]["step"], header["best"]["sha256"]
            content = self._run.read_bytes(f"{self._folder}/{_best_name(best_step)}")
            if hashlib.sha256(content).hexdigest() != digest:
                raise ValueError(f"{_best_name(best_step)}, its best weights, are not those it was written with")
            best, _ = unpack(content)
            self._best_hashes[best_step] = digest
        step = int(path.rpartition("/")[2].partition(".")[0])
        return Snapshot(step, _tensors(arrays), header["state"], best_step, best)


def read_end(run: RunDirectory, folder: str, source_hash: str) -> Snapshot:
    """Return the state a finished phase ended with; `folder` is its directory within the run directory.

    Raises ConfigError when it is not there or damaged.
    """
    steps = int(run.read_json(f"{folder}/result.json")["steps"])
    name = f"{folder}/checkpoint/{state_name(steps)}"
    try:
        arrays, header = unpack(run.read_bytes(name))
    except (FileNotFoundError, ValueError) as error:
        raise ConfigError(
            f"{run.path / name}, the last step of a finished phase, which the next phase begins with, cannot be read "
            f'({error}); write "start_from": "best" and no carry_optimizer, or start over with --fresh'
        ) from error
    _check_source(run, name, header, source_hash)
    return Snapshot(steps, _tensors(arrays), header["state"])


def _tensors(arrays: Mapping[str, np.ndarray]) -> Tensors:
    parts: dict[str, dict[str, np.ndarray]] = {"variable": {}, "optimizer": {}, "average": {}}
    for key, value in arrays.items():
        part, _, rest = key.partition(":")
        parts[part][rest] = value
    return Tensors(parts["variable"], parts["optimizer"], parts["average"])


def state_name(step: int) -> str:
    """Return the name of the checkpoint after so many updates."""
    return f"{step:09d}.safetensors"


def _best_name(step: int) -> str:
    return f"{_BEST}{step:09d}.safetensors"
