"""TensorBoard: event files in the run directory."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from kerastune_ft.config.options.trackers import Tensorboard
from kerastune_ft.run_logs import EVENT_FILES
from kerastune_ft.rundir import RunDirectory
from kerastune_ft.tracking import event_file
from kerastune_ft.tracking.sink import Begun, Has, Point


def open_sink(options: Tensorboard, run: RunDirectory, folder: str = EVENT_FILES) -> EventFiles:
    """Return the event files in a folder of a run directory."""
    return EventFiles(run, folder)


class EventFiles:
    """A sink of event files: a new one for each process, the earlier ones cut where the run goes on from."""

    pause = 0.0

    def __init__(self, run: RunDirectory, folder: str) -> None:
        """`folder` is within the run directory."""
        self._run, self._folder = run, folder
        self._file = ""

    def require(self) -> None:
        """There is nothing that could be missing."""

    def start(self, begun: Begun) -> Mapping[str, Any]:
        """Begin a file, with the hyperparameters where it is the first."""
        now = time.time()
        earlier = self._list_files()
        # TensorBoard reads files in the order of their names.
        number = max([int(now), *(int(name.rpartition(".tfevents.")[2].partition(".")[0]) + 1 for name in earlier)])
        self._file = f"{self._folder}/events.out.tfevents.{number}.kerastune_ft"
        content = event_file.begin_file(now)
        if not earlier:
            content += event_file.write_parameters(now, begun.group or begun.name, begun.parameters)
        self._run.append_bytes(self._file, content)
        return {"folder": self._folder}

    def forget_after(self, step: int) -> None:
        """Cut all files after a step, and behind it whatever a killed process left half-written."""
        removed = False
        for name in self._list_files():
            content = self._run.read_bytes(f"{self._folder}/{name}")
            records = list(event_file.read_records(content))
            kept = b"".join(record.content for record in records if record.step <= step)
            if kept != content:
                removed = True
                self._run.rewrite_log(f"{self._folder}/{name}", kept)
        if removed:
            self._run.append_bytes(self._file, event_file.restart_at(time.time(), step + 1))

    def find_sent(self, sent: int) -> Has:
        """Return what tells whether the files have a tag at a step."""
        found = {
            (tag, record.step)
            for name in self._list_files()
            for record in event_file.read_records(self._run.read_bytes(f"{self._folder}/{name}"))
            for tag in record.tags
        }
        return lambda tag, step: (tag, step) in found

    def write(self, points: Sequence[Point]) -> None:
        """Append the points to the file of this process."""
        content = b""
        for point in points:
            if point.figures:
                content += event_file.write_figures(point.time, point.step, point.figures)
            if point.texts:
                content += event_file.write_texts(point.time, point.step, point.texts)
        if content:
            self._run.append_bytes(self._file, content)

    def add_file(self, path: Path, name: str) -> None:
        """Do nothing: the files are beside."""

    def finish(self, state: str) -> None:
        """Write how the run ended."""
        self._run.append_bytes(self._file, event_file.write_end(time.time(), state))

    def _list_files(self) -> list[str]:
        return [name for name in self._run.list_files(self._folder) if ".tfevents." in name]
