"""Checkpoints: what differs from the pretrained source, as safetensors that need neither pickle nor TensorFlow."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from safetensors.numpy import load, save

from kerastune_ft.config.runtime import Checkpointing, EveryMinutes, EverySteps
from kerastune_ft.errors import ConfigError
from kerastune_ft.rundir import RunDirectory
from kerastune_ft.training.watch import Watch

# Between two checkpoints at the end of epochs, so that short epochs do not spend their time writing.
SECONDS_BETWEEN_EPOCH_CHECKPOINTS = 30.0
_HEADER = "kerastune_ft"


@dataclass(frozen=True)
class Tensors:
    """The arrays of a checkpoint: raw variables by path, optimizer state by name."""

    variables: Mapping[str, np.ndarray]
    optimizer: Mapping[str, np.ndarray]


def pack(variables: Mapping[str, np.ndarray], source_hash: str, **metadata: Any) -> bytes:
    """Return a safetensors file of variables by path; its header names the hash of the source they are relative to."""
    # One entry, because safetensors writes several in any order, and the same weights should be the same bytes.
    header = {_HEADER: json.dumps({"source": source_hash, **metadata})}
    # Not ascontiguousarray, which would give a scalar an axis.
    return save({path: np.asarray(value, order="C") for path, value in variables.items()}, header)


def unpack(content: bytes) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Return the arrays and the header of a safetensors file; raises ValueError when it is damaged."""
    try:
        length = int.from_bytes(content[:8], "little")
        header = json.loads(json.loads(content[8 : 8 + length])["__metadata__"][_HEADER])
        arrays = load(content)
    except Exception as error:
        raise ValueError(f"not a complete safetensors file: {error}") from error
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


class Checkpoints:
    """Writes and finds the checkpoints of one phase; keeps the newest few."""

    def __init__(self, run: RunDirectory, folder: str, options: Checkpointing, source_hash: str) -> None:
        """`folder` is the phase's directory within the run directory."""
        self._run, self._folder, self._options, self._source = run, f"{folder}/checkpoint", options, source_hash
        self._last = time.monotonic()

    def is_due(self, step: int, epoch_ended: bool) -> bool:
        """Return whether the options ask for a checkpoint after this update."""
        match self._options.every:
            case EverySteps(steps=steps):
                return step % steps == 0
            case EveryMinutes(minutes=minutes):
                return time.monotonic() - self._last >= 60 * minutes
        return epoch_ended and time.monotonic() - self._last >= SECONDS_BETWEEN_EPOCH_CHECKPOINTS

    def write(self, step: int, tensors: Tensors, state: Mapping[str, Any], best: Mapping[str, np.ndarray]) -> None:
        """Commit a checkpoint after `step` updates, best weights so far included, and drop the oldest."""
        arrays = {f"variable:{path}": value for path, value in tensors.variables.items()}
        arrays |= {f"optimizer:{name}": value for name, value in tensors.optimizer.items()}
        arrays |= {f"best:{path}": value for path, value in best.items()}
        written = f"{step:09d}.safetensors"
        self._run.commit(f"{self._folder}/{written}", pack(arrays, self._source, state=dict(state)))
        self._last = time.monotonic()
        names = self._run.listing(self._folder)
        older = [name for name in names if name < written]
        kept = {written, *older[max(0, len(older) - self._options.keep + 1) :]}
        # Also those of later steps: they were damaged, or this phase would have gone on from them.
        for name in set(names) - kept:
            self._run.remove(f"{self._folder}/{name}")

    def newest(self, watch: Watch) -> tuple[Tensors, dict[str, Any], dict[str, np.ndarray]] | None:
        """Return the newest checkpoint that is whole, or None; a damaged one is passed over with a note.

        Raises ConfigError when it is relative to other pretrained weights than the session has.
        """
        for name in reversed(self._run.listing(self._folder)):
            path = f"{self._folder}/{name}"
            try:
                arrays, header = unpack(self._run.read_bytes(path))
            except ValueError as error:
                watch.note(f"{path} is damaged ({error}); going on from the checkpoint before it")
                continue
            _check_source(self._run, path, header, self._source)
            parts: dict[str, dict[str, np.ndarray]] = {"variable": {}, "optimizer": {}, "best": {}}
            for key, value in arrays.items():
                part, _, rest = key.partition(":")
                parts[part][rest] = value
            return Tensors(parts["variable"], parts["optimizer"]), header["state"], parts["best"]
        return None
