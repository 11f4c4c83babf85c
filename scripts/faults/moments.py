"""Striking a process from inside at a random moment of a stage, for `chaos.py --child`.

The public functions a run goes through are wrapper, so that the process knows which stage it is in. A stage is made of
events (a step, a file half written, a file about to be renamed, ...). A strike comes *by counter*, at the n-th event of
its stage, or *by clock*, after so much time in its stage, wherever the process is then.
"""

from __future__ import annotations

import builtins
import errno
import functools
import importlib
import json
import os
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

STAGES = ("extraction", "training", "validation", "checkpoint", "phase_change", "evaluation", "saving")

# (module, function, stage): the stage lasts as long as the function.
_LASTING = (
    ("kerastune_ft.data.kinds.folder", "read_records", "extraction"),
    ("kerastune_ft.data.kinds.table", "read_records", "extraction"),
    ("kerastune_ft.data.kinds.arrays", "read_records", "extraction"),
    ("kerastune_ft.training.features.extraction", "FeatureExtractor._extract", "extraction"),
    ("kerastune_ft.training.phase.epochs.validate", "evaluate_split", "validation"),
    ("kerastune_ft.training.checkpoint", "Checkpoints._write", "checkpoint"),
)
# (module, function, stage): the stage begins with the function and lasts until another one begins.
_BEGINNING = (
    ("kerastune_ft.training.updates.step", "PhaseStep.train", "training"),
    ("kerastune_ft.training.updates.step", "PhaseStep.train_many", "training"),
    ("kerastune_ft.training.solving.solve", "fit_linear", "training"),
    ("kerastune_ft.training.phase.frozen_check", "check_frozen", "phase_change"),
    ("kerastune_ft.training.evaluation.final", "evaluate_splits", "evaluation"),
    ("kerastune_ft.training.evaluation.saved_model", "save_model", "saving"),
)
# Events of whatever stage they happen in, besides the beginning and the end of the functions above.
_EVENTS = (
    ("kerastune_ft.training.updates.step", "PhaseStep.measure"),
    ("kerastune_ft.training.updates.step", "PhaseStep.find_many"),
    ("kerastune_ft.training.loop", "load_best"),
    ("kerastune_ft.training.evaluation.final", "write_evaluation"),
    ("kerastune_ft.rundir", "RunDirectory.update_manifest"),
    ("kerastune_ft.api.training", "write_report"),
    ("kerastune_ft.stores.block", "Block.write"),
    ("kerastune_ft.stores.block", "Block.commit"),
    ("zipfile", "ZipFile.open"),
    ("os", "fsync"),
    ("os", "replace"),
)
_TICK = 0.001


@dataclass(frozen=True)
class Strike:
    """A signal, and the moment to send it; with `signal` 0 the process is only watched."""

    stage: str
    signal: int
    by: str
    """`counter` or `clock`."""
    at: float
    """The number of the event, or the seconds in the stage."""

    def to_json(self) -> dict[str, Any]:
        """Return the strike as a JSON object."""
        return asdict(self)


class Striker:
    """Follows the stages of this process and strikes it once."""

    def __init__(self, strike: Strike, record: Path, bytes_free: int | None = None) -> None:
        """`record` is the file to write the events to; with `bytes_free` the disk is full after so many bytes."""
        self._strike, self._record, self._free = strike, record, bytes_free
        self._base = ""
        self._inner: dict[int, list[str]] = {}
        self._events: Counter[str] = Counter()
        self._seconds: Counter[str] = Counter()
        self._begun: set[str] = set()
        self._struck = False
        self._lock = threading.RLock()

    def install(self) -> None:
        """Wrap the functions and start the clock."""
        for module, name, stage in _LASTING:
            self._wrap(module, name, functools.partial(self.lasting, stage=stage))
        for module, name, stage in _BEGINNING:
            self._wrap(module, name, functools.partial(self.beginning, stage=stage))
        for module, name in _EVENTS:
            self._wrap(module, name, functools.partial(self._eventful, what=name))
        importlib.import_module("kerastune_ft.rundir").open = self._open  # type: ignore[attr-defined]
        self.start_clock()

    def start_clock(self) -> None:
        """Start to count the seconds of each stage."""
        threading.Thread(target=self._tick, daemon=True).start()

    @staticmethod
    def _wrap(module: str, name: str, how: Callable[[Callable], Callable]) -> None:
        owner = importlib.import_module(module)
        *outer, last = name.split(".")
        for part in outer:
            owner = getattr(owner, part)
        setattr(owner, last, how(getattr(owner, last)))

    def lasting(self, function: Callable, stage: str) -> Callable:
        """Wrap a function so that a stage lasts as long as the call."""

        @functools.wraps(function)
        def wrapper(*arguments: Any, **options: Any) -> Any:
            with self._within(stage):
                self._event("begin")
                result = function(*arguments, **options)
                self._event("end")
            return result

        return wrapper

    def beginning(self, function: Callable, stage: str) -> Callable:
        """Wrap a function so that a stage begins with the call and lasts until another one begins."""

        @functools.wraps(function)
        def wrapper(*arguments: Any, **options: Any) -> Any:
            self._base = stage
            self._event("begin")
            result = function(*arguments, **options)
            self._event("end")
            return result

        return wrapper

    def _eventful(self, function: Callable, what: str) -> Callable:
        @functools.wraps(function)
        def wrapper(*arguments: Any, **options: Any) -> Any:
            self._event(f"before {what}")
            result = function(*arguments, **options)
            self._event(f"after {what}")
            return result

        return wrapper

    def _open(self, path: Any, mode: str = "r", **options: Any) -> Any:
        file = builtins.open(path, mode, **options)  # noqa: SIM115  the caller closes it
        return _Halved(file, self) if mode == "wb" else file

    def note_half_written(self, size: int) -> None:
        """Record that half of a file is written; raise OSError if the simulated disk is full."""
        self._event("half written")
        if self._free is not None:
            self._free -= size
            if self._free < 0:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    @contextmanager
    def _within(self, stage: str) -> Iterator[None]:
        inner = self._inner.setdefault(threading.get_ident(), [])
        inner.append(stage)
        try:
            yield
        finally:
            inner.pop()

    def _stages(self) -> set[str]:
        """Return the stages that the threads of the process are in."""
        # Work of other threads during training counts as a stage of its own.
        own = {inner[-1] for inner in list(self._inner.values()) if inner}
        main = self._inner.get(threading.main_thread().ident or 0)
        return own if main else own | {self._base}

    def _event(self, what: str) -> None:
        inner = self._inner.get(threading.get_ident())
        stage = inner[-1] if inner else self._base
        with self._lock:
            self._events[stage] += 1
            due = self._strike.by == "counter" and self._strike.stage == stage
            if due and self._events[stage] == int(self._strike.at):
                self._hit(stage, what)

    def _tick(self) -> None:
        before = time.monotonic()
        while True:
            time.sleep(_TICK)
            now = time.monotonic()
            with self._lock:
                for stage in self._stages():
                    self._seconds[stage] += now - before
                    due = self._strike.by == "clock" and self._strike.stage == stage
                    if due and self._seconds[stage] >= self._strike.at:
                        self._hit(stage, f"{self._seconds[stage]:.3f} s")
            before = now

    def _hit(self, stage: str, what: str) -> None:
        if self._struck or not self._strike.signal:
            return
        self._struck = True
        self.report(stage, what)
        os.kill(os.getpid(), self._strike.signal)

    def report(self, stage: str = "", what: str = "") -> None:
        """Write the events so far, and the stage of the strike."""
        told = {"stage": stage, "what": what, "events": self._events, "seconds": self._seconds}
        self._record.write_text(json.dumps(told))


class _Halved:
    """A file that is written in two halves, with an event between them."""

    def __init__(self, file: Any, striker: Striker) -> None:
        self._file, self._striker = file, striker

    def write(self, data: bytes) -> int:
        half = len(data) // 2
        self._file.write(data[:half])
        self._file.flush()
        self._striker.note_half_written(len(data))
        return half + int(self._file.write(data[half:]))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)

    def __enter__(self) -> _Halved:
        return self

    def __exit__(self, *error: object) -> None:
        self._file.close()
