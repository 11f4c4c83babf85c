"""Starts an export's predict.py in a process of its own, which has the format's runtime and nothing of this package."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kerastune_ft.errors import PromiseError
from kerastune_ft.exporting import isolated
from kerastune_ft.exporting.script_table import FILE

_OURS = "kerastune_ft"
_RUNTIMES = ("tensorflow", "keras", "keras_hub", "tensorflow_text", "onnxruntime", "ai_edge_litert", "onnx", "tf2onnx")
_TRACE = "Traceback (most recent call last)"
BATCHES = (1, 32)
"""The sizes of batches whose latency is measured."""


@dataclass(frozen=True)
class ExportProcess:
    """How processes of an export are started."""

    folder: Path
    runtime: tuple[str, ...]
    """The modules that the format's runtime consists of; all other runtimes are not to be imported."""

    seconds: float = 1.0
    """How long calls of one size of batch are timed at least."""

    def answer(self, arguments: Sequence[str], directory: Path) -> list[dict[str, Any]]:
        """Return what predict.py prints for these arguments, started in a directory: one object for each input.

        Raises PromiseError where it fails, with the last line that it wrote.
        """
        said = self._run({"do": "answer", "arguments": list(arguments), "directory": str(directory)})
        return [json.loads(line) for line in said.splitlines()]

    def measure(self, inputs: Sequence[str]) -> dict[str, dict[str, float]]:
        """Return by size of batch the wall and CPU milliseconds of one call of `predict`."""
        job = {"do": "measure", "arguments": list(inputs), "batches": BATCHES, "seconds": self.seconds}
        job["directory"] = str(self.folder)
        found: dict[str, dict[str, float]] = json.loads(self._run(job).splitlines()[-1])
        return found

    def _run(self, job: dict[str, Any]) -> str:
        blocked = [_OURS, *(name for name in _RUNTIMES if name not in self.runtime)]
        words = [sys.executable, "-P", isolated.__file__]
        whole = job | {"script": str(self.folder.absolute() / FILE), "blocked": blocked}
        done = subprocess.run(words, input=json.dumps(whole), capture_output=True, text=True, check=False)
        # With 1 it has answered, and says of some inputs that they cannot be read; or an error has ended it.
        is_ended = done.returncode == 1 and _TRACE in done.stderr
        if is_ended or done.returncode not in (0, 1) or not done.stdout.strip():
            last = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
            raise PromiseError(f"the export's own {FILE} fails in a process of its own: {last}")
        return done.stdout
