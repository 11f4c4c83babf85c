"""Comparing the results of two runs that must be bit-identical."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
import zipfile
from pathlib import Path

import h5py

_EXACT = (
    "metrics.json",
    "splits.csv",
    "evaluation/*.csv",
    "evaluation/constant.json",
    "evaluation/detections.json",
    "[pr]*/*/gradient_norms.csv",
)
# Tables with a column of seconds.
_OF_MACHINES = ("seconds", "checkpoint_bytes")
_TIMED = ("**/history.csv", "[pr]*/*/diverged-*.csv")
_MODEL = "model/model.keras"
# Keras identifies an object that layers share by its memory address.
_SHARED = re.compile(rb'(?<="shared_object_id": )\d+')


def results(run: Path) -> dict[str, str]:
    """Return the SHA-256 of every result by name; seconds, dates and the order inside archives do not count."""
    exact = [path for pattern in (*_EXACT, "[pr]*/*/best.safetensors") for path in run.glob(pattern)]
    found = {str(path.relative_to(run)): path.read_bytes() for path in exact}
    timed = [path for pattern in _TIMED for path in run.glob(pattern)]
    found |= {str(path.relative_to(run)): _timeless(path) for path in timed}
    found |= {str(path.relative_to(run)): _verdict(path) for path in run.glob("[pr]*/*/result.json")}
    if (run / _MODEL).exists():
        found |= _model(run / _MODEL)
    return {name: hashlib.sha256(content).hexdigest() for name, content in found.items()}


def differences(expected: dict[str, str], run: Path) -> list[str]:
    """Return the names of results that differ from the expected ones."""
    found = results(run)
    return sorted(name for name in expected.keys() | found.keys() if expected.get(name) != found.get(name))


def _timeless(history: Path) -> bytes:
    rows = csv.DictReader(io.StringIO(history.read_text()))
    return repr([{key: cell for key, cell in row.items() if key != "seconds"} for row in rows]).encode()


def _verdict(result: Path) -> bytes:
    """What a phase did, without what depends on the machine and on how often it was stopped."""
    told = json.loads(result.read_text())
    return json.dumps({key: value for key, value in told.items() if key not in _OF_MACHINES}).encode()


def _without_addresses(config: bytes) -> bytes:
    """Number shared objects as they appear, so that what is shared by whom still counts."""
    numbers: dict[bytes, int] = {}
    return _SHARED.sub(lambda found: b"%d" % numbers.setdefault(found[0], len(numbers)), config)


def _model(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        found = {f"{_MODEL}:config.json": _without_addresses(archive.read("config.json"))}
        weights = io.BytesIO(archive.read("model.weights.h5"))
    with h5py.File(weights) as file:
        file.visititems(
            lambda name, one: (
                found.update({f"{_MODEL}:{name}": one[()].tobytes()}) if isinstance(one, h5py.Dataset) else None
            )
        )
    return found
