"""Asking TensorFlow what it is and sees, in a process of its own, which may end as it likes."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kerastune_ft import keras_settings

# TensorFlow on a slow network disk takes a minute and more to import.
_SECONDS = 300.0
_PROGRAM = "kerastune_ft.doctor.tensorflow_probe"


@dataclass(frozen=True)
class Probe:
    """What TensorFlow, Keras and keras-hub said, or why they said nothing."""

    found: Mapping[str, Any] = field(default_factory=dict)
    failure: str = ""
    """How the process ended where it gave no answer."""

    @property
    def problems(self) -> list[str]:
        """Return why a part cannot be used, a sentence each; the others need it."""
        if self.failure:
            return [self.failure]
        parts = ("tensorflow", "keras", "keras_hub")
        return [
            f"{part} cannot be imported ({self.found[part]['error']})"
            for part in parts
            if "error" in self.found.get(part, {})
        ]

    @property
    def gpus(self) -> Sequence[Mapping[str, str]]:
        """Return the GPUs that TensorFlow uses."""
        return self.found.get("gpus", ())

    @property
    def cuda_version(self) -> tuple[int, str] | None:
        """Return the major versions of CUDA and cuDNN that TensorFlow was built for; None for one without."""
        build = self.found.get("build", {})
        if not self.found.get("cuda") or "cuda_version" not in build:
            return None
        return int(build["cuda_version"].split(".")[0]), str(build.get("cudnn_version", "9")).split(".")[0]


def import_variables(**variables: str) -> dict[str, str]:
    """Return this process's environment for another that imports the same package, wherever that lies."""
    folder = str(Path(__file__).parents[2])
    path = [folder, *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(path), **variables}


def ask_tensorflow(program: Sequence[str] = ("-m", _PROGRAM), seconds: float = _SECONDS) -> Probe:
    """Return what TensorFlow says in a process of its own."""
    words = [sys.executable, *program]
    try:
        with _make_environment() as environment:
            done = subprocess.run(
                words, capture_output=True, text=True, errors="replace", timeout=seconds, env=environment,
                stdin=subprocess.DEVNULL,
            )  # fmt: skip
    except subprocess.TimeoutExpired:
        return Probe(failure=f"TensorFlow did not answer within {seconds:.0f} s")
    except OSError as error:
        return Probe(failure=f"a process of Python cannot be started ({error.strerror or error})")
    try:
        return Probe(json.loads(done.stdout.strip().splitlines()[-1]))
    except (ValueError, IndexError):
        said = [line for line in done.stderr.strip().splitlines() if line.strip()]
        last = f": {said[-1].strip()[:300]}" if said else ""
        return Probe(failure=f"TensorFlow ended its process {_describe_end(done.returncode)}{last}")


@contextlib.contextmanager
def _make_environment() -> Iterator[dict[str, str]]:
    """Yield variables under which Keras and Matplotlib, which write files when they are imported, write none that stay.

    The user's settings of Keras hold all the same.
    """
    with tempfile.TemporaryDirectory(prefix="kerastune-doctor-") as folder:
        with contextlib.suppress(OSError):
            shutil.copy(keras_settings.find_file(), folder)
        level = os.environ.get("TF_CPP_MIN_LOG_LEVEL", "3")
        yield import_variables(KERAS_HOME=folder, MPLCONFIGDIR=folder, TF_CPP_MIN_LOG_LEVEL=level)


def _describe_end(code: int) -> str:
    if code >= 0:
        return f"with exit code {code}"
    try:
        return f"by {signal.Signals(-code).name}"
    except ValueError:
        return f"by signal {-code}"
