"""The selftest: which runs are made in which processes, and the verdicts on all promises."""

from __future__ import annotations

import signal
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kerastune_ft.doctor.finding import hide_home
from kerastune_ft.doctor.probe import Probe
from kerastune_ft.doctor.selftest import promises
from kerastune_ft.doctor.selftest.processes import Ended, run_process
from kerastune_ft.doctor.selftest.promises import ACCELERATOR, BROKEN, EXACT, ROUNDING, Bounds, Row
from kerastune_ft.doctor.selftest.samples import SAMPLES, TRAINED, Sample, write_data
from kerastune_ft.errors import ConfigError, PromiseError
from kerastune_ft.streams import say
from kerastune_ft.training.devices import tpu
from kerastune_ft.wording import counted

FROZEN, STORE, RESUME, AGAIN, MODEL, REPLICAS = "frozen", "store", "resume", "again", "model", "replicas"
ALL = (FROZEN, STORE, RESUME, AGAIN, MODEL, REPLICAS)
_KILL_STEP = 5
_FEWEST = 2


@dataclass(frozen=True)
class Devices:
    """What the selftest runs on: the kind, and how many of it are compared with one."""

    kind: str
    name: str
    count: int
    """How many devices train together in the comparison with one."""
    split: str
    """What that comparison is made on; another kind than `kind` where there is only one of that."""

    @property
    def bounds(self) -> Bounds:
        """Return what may differ."""
        if self.kind == "CPU":
            return Bounds(EXACT, ROUNDING)
        return Bounds(ACCELERATOR, ROUNDING if self.split == "CPU" else ACCELERATOR)

    @property
    def one(self) -> dict[str, Any]:
        """Return the runtime of the runs that all others are compared with."""
        return {} if self.kind == "TPU" else {"replicas": 1}

    @property
    def many(self) -> dict[str, Any]:
        """Return the runtime of the comparison with one device; of a TPU, which runs use whole, it is the CPU."""
        return {"strategy": "none"} if self.kind == "TPU" else {"replicas": self.count}

    @property
    def detail(self) -> str:
        """Return what is compared with what."""
        if self.kind == "TPU":
            return "all cores of the TPU, and one CPU"
        return f"{counted(self.count, self.split)}, and one"

    @property
    def variables(self) -> dict[str, str]:
        """Return the variables under which the comparison with one device is made."""
        return {"CUDA_VISIBLE_DEVICES": "-1"} if self.kind == "GPU" and self.split == "CPU" else {}


def choose_devices(probe: Probe, replicas: int | None = None) -> Devices:
    """Return what to run on: the TPU, else the GPUs, else the CPU divided in two, or in `replicas`.

    Raises ConfigError where TensorFlow cannot be used, or for more replicas than there are GPUs.
    """
    if problems := probe.problems:
        raise ConfigError(f"{problems[0]}; python -m kerastune_ft doctor says what mends it")
    if tpu.is_there() and not tpu.obstacle():
        return Devices("TPU", "TPU", 1, "TPU")
    gpus = len(probe.gpus)
    if gpus >= _FEWEST:
        if replicas is not None and replicas > gpus:
            raise ConfigError(f"--replicas: {replicas} asked for, and there are {counted(gpus, 'GPU')}")
        return Devices("GPU", f"{gpus} x {probe.gpus[0]['name']}", replicas or gpus, "GPU")
    name = probe.gpus[0]["name"] if gpus else "CPU"
    return Devices("GPU" if gpus else "CPU", name, replicas or _FEWEST, "CPU")


@dataclass(frozen=True)
class Verdicts:
    """The rows of a selftest, with what it ran on."""

    rows: Sequence[Row]
    devices: Devices
    about: str
    """Versions and system."""
    seconds: float

    @property
    def holds(self) -> bool:
        """Return whether no promise is broken."""
        return all(row.verdict != BROKEN for row in self.rows)

    @property
    def exit_code(self) -> int:
        """Return the exit code of the command."""
        return 0 if self.holds else PromiseError.exit_code

    def to_json(self) -> dict[str, Any]:
        """Return the selftest as a JSON object."""
        return {
            "holds": self.holds,
            "devices": vars(self.devices),
            "about": self.about,
            "seconds": round(self.seconds, 1),
            "rows": [{**row.to_json(), "detail": hide_home(row.detail)} for row in self.rows],
        }

    def __str__(self) -> str:
        cells = [("promise", "model", "compared", "difference", "tolerance", "verdict"), *map(_cells_of, self.rows)]
        widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
        lines = [
            "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in cells
        ]
        broken = list(dict.fromkeys(row.promise for row in self.rows if row.verdict == BROKEN))
        last = f"broken: {', '.join(broken)}" if broken else "every promise that was tried holds on these devices"
        first = f"selftest on {self.devices.name}, {self.seconds:.0f} s\n{self.about}"
        details = list(dict.fromkeys(f"{row.promise}, {row.model}: {row.detail}" for row in self.rows if row.detail))
        return hide_home("\n".join(["```text", first, *lines, *details, last, "```"]))


def _cells_of(row: Row) -> tuple[str, ...]:
    figures = ("" if value is None else f"{value:.1e}" if value else "0" for value in (row.difference, row.tolerance))
    difference, tolerance = figures
    return row.promise, row.model, row.compared, difference, tolerance, row.verdict


def prove(
    devices: Devices,
    about: str,
    *,
    tried: Sequence[str] = ALL,
    samples: Sequence[Sample] = SAMPLES,
    program: str | None = None,
) -> Verdicts:
    """Make small runs on these devices, compare them, and return the verdicts.

    `tried` chooses among the promises; `program` is the module of the processes, which tests replace. What is written
    is in a temporary folder, which is gone afterwards.
    """
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="kerastune-selftest-") as name:
        # Links in the path of temporary files would make two names of one folder.
        selftest = _Selftest(Path(name).resolve(), devices, tried, samples, program)
        selftest.run()
        rows = list(selftest.judge())
    return Verdicts(rows, devices, about, time.monotonic() - began)


@dataclass(frozen=True)
class _Selftest:
    """The processes of a selftest in their folder."""

    folder: Path
    devices: Devices
    tried: Sequence[str]
    samples: Sequence[Sample]
    program: str | None

    def run(self) -> None:
        """Train all runs that the promises need; those that cannot be trained have no results."""
        data = write_data(self.folder / "data.npz")
        first: list[Mapping[str, Any]] = []
        for sample in self.samples:
            first.append(self._work(sample, "reference", data))
            if STORE in self.tried:
                first.append(self._work(sample, "unstored", data, cache="off"))
        self._start("reference", first)
        if RESUME in self.tried:
            for sample in self.samples:
                work = {**self._work(sample, "killed", data), "kill_at": [TRAINED, _KILL_STEP]}
                ended = self._start(f"killed-{sample.name}", [work], expected=-signal.SIGKILL)
                if ended.code == -signal.SIGKILL:
                    work = self._work(sample, "killed", data)
                    self._start(f"killed-{sample.name}-again", [work])
        last = [self._work(sample, "again", data) for sample in self.samples if AGAIN in self.tried]
        if MODEL in self.tried:
            last += [
                {"open": f"{sample.name}-reference", "data": str(data), "array": sample.array}
                for sample in self.samples
                if sample.weights is not None
            ]
        if last:
            self._start("again", last)
        if REPLICAS in self.tried:
            self._divide(data)

    def _divide(self, data: Path) -> None:
        many = [self._work(sample, "many", data, **self.devices.many) for sample in self.samples]
        self._start("many", many, self.devices.variables)
        if self.devices.variables:
            one = [self._work(sample, "one", data, replicas=1) for sample in self.samples]
            self._start("one", one, self.devices.variables)

    def _work(self, sample: Sample, run: str, data: Path, **runtime: Any) -> dict[str, Any]:
        document = sample.document(data, {**self.devices.one, **runtime})
        return {"run": f"{sample.name}-{run}", "document": document}

    def _start(
        self,
        name: str,
        work: Sequence[Mapping[str, Any]],
        variables: Mapping[str, str] | None = None,
        expected: int = 0,
    ) -> Ended:
        say(f"selftest: {name} ({', '.join(str(each.get('run') or each.get('open')) for each in work)})")
        ended = run_process(self.folder, name, work, variables or {}, self.program)
        if ended.code not in (0, expected):
            say(f"selftest: {name} ended with {ended.code}: {ended.said}")
        return ended

    def judge(self) -> Iterator[Row]:
        """Yield a row for each promise and model."""
        one = "one" if self.devices.variables else "reference"
        judges: dict[str, promises.Judge] = {
            FROZEN: promises.judge_freezing,
            STORE: promises.judge_store,
            RESUME: promises.judge_resume,
            AGAIN: promises.judge_again,
            MODEL: promises.judge_saved_model,
            REPLICAS: lambda folder, sample, bounds: promises.judge_replicas(
                folder, sample, bounds, one, "many", self.devices.detail
            ),
        }
        for name in self.tried:
            for sample in self.samples:
                if name != MODEL or sample.weights is not None:
                    yield judges[name](self.folder, sample, self.devices.bounds)
