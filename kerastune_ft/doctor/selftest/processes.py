"""Starting the processes of the selftest: their environment, which writes nothing outside a folder, and their ends."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kerastune_ft.doctor.probe import import_variables

PROGRAM = "kerastune_ft.doctor.selftest.child"
# No small run takes so long; one that does hangs.
_SECONDS = 900.0
# They lead a run elsewhere, and say nothing of devices.
_LEFT_OUT = ("TF_CONFIG", "PYTHONPYCACHEPREFIX")


@dataclass(frozen=True)
class Ended:
    """How a process ended: its exit code, negative for a signal, and the last it said."""

    code: int
    said: str


def run_process(
    folder: Path, name: str, work: Sequence[Mapping[str, Any]], variables: Mapping[str, str], program: str | None = None
) -> Ended:
    """Do this work in a process of its own, and return how it ended; all that it writes is in `folder`.

    The process is ended with the caller, however that ends.
    """
    path = folder / f"{name}.json"
    path.write_text(json.dumps(list(work)))
    log = folder / f"{name}.log"
    environment = {key: value for key, value in _make_environment(folder, name).items() if key not in _LEFT_OUT}
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", program or PROGRAM, str(path)],
            cwd=folder, env={**environment, **variables}, stdin=subprocess.DEVNULL, stdout=output, stderr=output,
        )  # fmt: skip
    try:
        code = process.wait(_SECONDS)
    except subprocess.TimeoutExpired:
        return Ended(1, f"it did not end within {_SECONDS:.0f} s")
    finally:
        process.kill()
        process.wait()
    lines = [line for line in log.read_text(errors="replace").splitlines() if line.strip()]
    return Ended(code, lines[-1].strip()[:300] if lines else "")


def _make_environment(folder: Path, name: str) -> dict[str, str]:
    """Return an environment in which Keras, Matplotlib and this package write below a folder alone."""
    return import_variables(
        KERASTUNE_CACHE=str(folder / f"{name.removesuffix('-again')}-cache"),
        KERAS_HOME=str(folder / "keras"),
        MPLCONFIGDIR=str(folder / "matplotlib"),
        XDG_CACHE_HOME=str(folder / "user"),
        TFDS_DATA_DIR=str(folder / "tfds"),
        TMPDIR=str(folder),
        KERAS_BACKEND="tensorflow",
        PYTHONDONTWRITEBYTECODE="1",
        PYTHONHASHSEED="0",
        # Else what is printed last may stand before what was printed first.
        PYTHONUNBUFFERED="1",
        TF_CPP_MIN_LOG_LEVEL=os.environ.get("TF_CPP_MIN_LOG_LEVEL", "3"),
    )
