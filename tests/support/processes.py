"""The program in processes of its own: at once, several commands in one, or interrupted at a chosen moment."""

from __future__ import annotations

import atexit
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


class CommandServer:
    """A process that gives the program's commands for many tests, so that TensorFlow is imported once."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None
        self._said = tempfile.TemporaryFile("w+")  # noqa: SIM115  it lives as long as the server

    def run(self, folder: Path, commands: Sequence[Sequence[str]]) -> list[Outcome]:
        """Return what commands leave that are given in a folder one after another."""
        process = self._start()
        assert process.stdin is not None and process.stdout is not None
        variables = {name: environment(folder)[name] for name in _OF_A_FOLDER}
        words = [list(command) for command in commands]
        process.stdin.write(json.dumps({"folder": str(folder), "environment": variables, "commands": words}) + "\n")
        process.stdin.flush()
        answer = process.stdout.readline()
        if not answer:
            self._said.seek(0)
            raise AssertionError(f"the process ended with {process.wait()}: {self._said.read()[-3000:]}")
        return [Outcome(**entry) for entry in json.loads(answer)]

    def _start(self) -> subprocess.Popen[str]:
        if self._process is None or self._process.poll() is not None:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.support.many_commands"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._said,
                text=True,
                env=import_environment(PYTHONHASHSEED="0"),
            )
            atexit.register(self._end, self._process)
        return self._process

    @staticmethod
    def _end(process: subprocess.Popen[str]) -> None:
        process.kill()
        process.communicate()


_OF_A_FOLDER = ("KERASTUNE_CACHE",)
_SERVER = CommandServer()


def run_commands(folder: Path, commands: Sequence[Sequence[str]]) -> list[Outcome]:
    """Give commands one after another in a folder, all in one process, which other tests use too."""
    return _SERVER.run(folder, commands)


def run_named(folder: Path, commands: Mapping[str, Sequence[str]]) -> dict[str, Outcome]:
    """Give commands as `run_commands` does, and return what each left by its name."""
    return dict(zip(commands, run_commands(folder, list(commands.values())), strict=True))


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
