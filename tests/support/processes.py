"""The program in processes of its own: at once, several commands in one, or interrupted at a chosen moment."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.places import ROOT, import_environment

# Seconds after which a process hangs. No test depends on it otherwise: machines may be busy.
HANG = 900
_HOLDING = Path(__file__).parent / "site"


def environment(folder: Path) -> dict[str, str]:
    """Return the environment of a test's processes, whose caches lie in its own folder."""
    return import_environment(KERASTUNE_CACHE=str(folder / "cache"), PYTHONHASHSEED="0")


@dataclass(frozen=True)
class Outcome:
    """Exit code and streams of a command."""

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


def run_commands(folder: Path, commands: Sequence[Sequence[str]]) -> list[Outcome]:
    """Give commands one after another in one new process, so that TensorFlow starts once."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.support.many_commands"],
        input=json.dumps([list(command) for command in commands]),
        capture_output=True,
        text=True,
        cwd=folder,
        env=environment(folder),
        timeout=HANG * len(commands),
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return [Outcome(**entry) for entry in json.loads(done.stdout)]


@contextlib.contextmanager
def start_program(
    folder: Path, *words: str, variables: Mapping[str, str] | None = None
) -> Iterator[subprocess.Popen[str]]:
    """Start the program in a process of its own, which is killed at the end whatever happens."""
    process = subprocess.Popen(
        [sys.executable, "-m", "kerastune_ft", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=folder,
        env={**environment(folder), **(variables or {})},
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def run_program(folder: Path, *words: str) -> Outcome:
    """Give one command in a process of its own."""
    with start_program(folder, *words) as process:
        out, err = process.communicate(timeout=HANG)
        return Outcome(process.returncode, out, err)


def wait_until(holds: Callable[[], bool], process: subprocess.Popen[str] | None = None, pause: float = 0.005) -> None:
    """Wait until a condition holds; it is a failure if a process ends before, or after a very long time."""
    limit = time.monotonic() + HANG
    while not holds():
        assert process is None or process.poll() is None, f"it ended before: {process.communicate()}"
        assert time.monotonic() < limit, "it hangs"
        time.sleep(pause)


@dataclass(frozen=True)
class Hold:
    """A file after whose commit a process waits; `variables` are the process's, besides its environment."""

    file: Path
    mark: Path

    @property
    def variables(self) -> dict[str, str]:
        path = import_environment(_HOLDING, ROOT)["PYTHONPATH"]
        return {"PYTHONPATH": path, "HELD_AT": str(self.file), "HELD_UNTIL": str(self.mark)}

    def release(self) -> None:
        """Let the process go on."""
        self.mark.touch()


@contextlib.contextmanager
def hold_at(file: Path) -> Iterator[Hold]:
    """Make a process wait after it has committed a file, until it is released."""
    with tempfile.TemporaryDirectory() as folder:
        yield Hold(file, Path(folder) / "released")


def stop_program(folder: Path, number: int, file: Path, *words: str) -> Outcome:
    """Start a command, send it a signal as soon as a file is there, and wait for its end.

    A process that commits the file gets no further before it has the signal, however busy the machine is.
    """
    with hold_at(file) as hold, start_program(folder, *words, variables=hold.variables) as process:
        wait_until(file.exists, process)
        process.send_signal(number)
        hold.release()
        out, err = process.communicate(timeout=HANG)
        return Outcome(process.returncode, out, err)
