"""What the tests of whole runs share: a tiny configuration, and the program in processes of its own."""

from __future__ import annotations

import contextlib
import csv
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tests.support.places import import_environment

EXAMPLES = 70
TIMEOUT = 300


def document(data: Path) -> dict[str, Any]:
    """Two phases on the embedded weights, since random ones let no signal through.

    No size divides another: 49 examples to train on, updates of 10 and 20, a chunk of 8 that divides neither.
    """
    return {
        "name": "tiny",
        "seed": 3,
        "task": {"kind": "image_classification", "classes": ["0", "1"]},
        "data": {"kind": "arrays", "path": str(data)},
        "backbone": {
            "kind": "applications",
            "name": "MobileNetV2",
            "weights": "embedded",
            "image_size": 32,
        },
        "head": {"dropout": 0.2},
        "defaults": {"batch_size": 10, "optimizer": "adamw", "clip_norm": 0.5, "epochs": 2},
        "phases": [
            {"name": "head", "unfreeze": "none", "learning_rate": 0.01},
            {
                "name": "top",
                "unfreeze": {"last": 2},
                "learning_rate": {"peak": 0.003, "shape": "cosine", "warmup": 0.2, "unit_decay": 0.5},
                "accumulate": 2,
                "augment": "light",
            },
        ],
        "output": {"checkpoint": {"every": {"steps": 2}}},
    }


def write_data(path: Path) -> Path:
    """Write images of two classes: noise, and noise with a bright square."""
    random = np.random.default_rng(0)
    labels = np.arange(EXAMPLES) % 2
    images = random.integers(0, 120, (EXAMPLES, 32, 32, 3)).astype(np.uint8)
    images[labels == 1, 8:24, 8:24] += 100
    np.savez(path, x=images, y=labels)
    return path


def environment(folder: Path) -> dict[str, str]:
    """The caches of a test's processes lie in its own folder."""
    return import_environment(KERASTUNE_CACHE=str(folder / "cache"), PYTHONHASHSEED="0")


@dataclass(frozen=True)
class Outcome:
    """What a command left: its exit code and its two streams."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Standard output, which must be one JSON value and nothing else."""
        return json.loads(self.out)

    @property
    def text(self) -> str:
        """Both streams, for what must be in neither."""
        return self.out + self.err


def in_one_process(folder: Path, commands: Sequence[Sequence[str]]) -> list[Outcome]:
    """Give commands one after another in one new process, so that TensorFlow starts once."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.support.many_commands"],
        input=json.dumps([list(command) for command in commands]),
        capture_output=True,
        text=True,
        cwd=folder,
        env=environment(folder),
        timeout=2 * TIMEOUT,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return [Outcome(**entry) for entry in json.loads(done.stdout)]


@contextlib.contextmanager
def started(folder: Path, *words: str) -> Iterator[subprocess.Popen[str]]:
    """Start the program in a process of its own; it is killed at the end whatever happens."""
    process = subprocess.Popen(
        [sys.executable, "-m", "kerastune_ft", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=folder,
        env=environment(folder),
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def program(folder: Path, *words: str, timeout: float = TIMEOUT) -> Outcome:
    """Give one command in a process of its own."""
    with started(folder, *words) as process:
        out, err = process.communicate(timeout=timeout)
        return Outcome(process.returncode, out, err)


def stopped(folder: Path, number: int, when: Callable[[], bool], *words: str) -> Outcome:
    """Start a command, send it a signal as soon as `when` holds, and wait for its end."""
    with started(folder, *words) as process:
        limit = time.monotonic() + TIMEOUT
        while not when():
            assert process.poll() is None, f"it ended before the signal: {process.communicate()}"
            assert time.monotonic() < limit
            time.sleep(0.002)
        process.send_signal(number)
        out, err = process.communicate(timeout=TIMEOUT)
        return Outcome(process.returncode, out, err)


def history(run: Path) -> list[dict[str, str]]:
    """The rows of history.csv as text, without the seconds."""
    with open(run / "history.csv", encoding="utf-8") as file:
        return [{key: cell for key, cell in row.items() if key != "seconds"} for row in csv.DictReader(file)]


def results(run: Path) -> dict[str, Any]:
    """What must be the same, to the last bit, in two runs that are the same."""
    weights = {str(path.relative_to(run)): path.read_bytes() for path in sorted(run.glob("phases/*/best.safetensors"))}
    predictions = (run / "evaluation" / "predictions.csv").read_text()
    return {
        "history": history(run),
        "metrics": (run / "metrics.json").read_text(),
        "predictions": predictions,
        "weights": weights,
    }
