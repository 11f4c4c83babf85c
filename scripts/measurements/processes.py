"""Running a command in a process and measuring its wall time, CPU time and memory."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import click

_SECONDS_BETWEEN_LOOKS = 0.05
_LINES_SHOWN = 15


@dataclass
class Ended:
    """The result of a process that ended with exit code 0."""

    began: float
    """The time of its start, in seconds since the epoch, comparable to file times."""
    seconds: float
    cpu_seconds: float
    rss_bytes: int
    """Its peak memory, including mapped files of libraries and data."""
    anonymous_bytes: int | None
    """Its peak anonymous memory, if the system reports it."""
    output: str
    notes: Sequence[tuple[float, str]]
    """The lines of its standard error, with the seconds after its start at which they came."""

    def result(self) -> dict[str, Any]:
        """Return the JSON object in the last line of its output."""
        return json.loads(self.output.strip().splitlines()[-1])


def run(command: Sequence[str], folder: Path, environment: Mapping[str, str]) -> Ended:
    """Run a command and wait for it; raise ClickException with its last lines if it fails."""
    began, started = time.time(), time.monotonic()
    process = subprocess.Popen(
        list(command),
        cwd=folder,
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    watched = _Watched(process, started)
    try:
        _, status, usage = os.wait4(process.pid, 0)
    except BaseException:
        process.kill()
        raise
    seconds = time.monotonic() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    watched.join()
    if process.returncode:
        last = "\n".join(line for _, line in watched.notes[-_LINES_SHOWN:])
        raise click.ClickException(f"{' '.join(command)}\nended with {process.returncode}:\n{last}")
    # Linux counts in kilobytes, macOS in bytes.
    rss = usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    output = "".join(watched.output)
    return Ended(began, seconds, usage.ru_utime + usage.ru_stime, rss, watched.anonymous, output, watched.notes)


@dataclass
class _Watched:
    """Reads the output and the memory of a process while it runs."""

    process: subprocess.Popen[str]
    started: float
    output: list[str] = field(default_factory=list)
    notes: list[tuple[float, str]] = field(default_factory=list)
    anonymous: int | None = None

    def __post_init__(self) -> None:
        self._ended = threading.Event()
        assert self.process.stdout is not None and self.process.stderr is not None
        self._threads = [
            threading.Thread(target=self._listen, args=(self.process.stdout,)),
            threading.Thread(target=self._take_notes, args=(self.process.stderr,)),
            threading.Thread(target=self._look),
        ]
        for thread in self._threads:
            thread.start()

    def join(self) -> None:
        """Wait until all output is read."""
        self._ended.set()
        for thread in self._threads:
            thread.join()

    def _listen(self, stream: IO[str]) -> None:
        with stream:
            self.output.extend(stream)

    def _take_notes(self, stream: IO[str]) -> None:
        with stream:
            for line in stream:
                self.notes.append((time.monotonic() - self.started, line.rstrip()))

    def _look(self) -> None:
        status = Path(f"/proc/{self.process.pid}/status")
        while not self._ended.wait(_SECONDS_BETWEEN_LOOKS):
            try:
                lines = status.read_text().splitlines()
            except OSError:
                return
            found = [int(line.split()[1]) * 1024 for line in lines if line.startswith("RssAnon:")]
            self.anonymous = max([*found, self.anonymous or 0]) or None
