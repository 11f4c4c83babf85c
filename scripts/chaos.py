"""Check that a run that is killed again and again gives the same result, bit by bit, as one never interrupted.

    python scripts/chaos.py --kills 40 --seed 1

A reference run is not interrupted. Then runs in fresh directories receive SIGKILL and SIGTERM at random moments,
several times each, and are resumed by the same command until they are done. Moments are drawn by counter (the n-th
event of a stage: a step, a file half written, a file about to be renamed) and by clock (any moment in a stage).
All processes of a run share a cache directory. Between strikes the newest checkpoint and stored features are damaged
at times, and some runs meet a full disk. After every strike `verify` must find nothing broken; in the end weights,
histories, metrics, predictions and the saved model must equal those of the reference. Exit code 1 otherwise.

    python scripts/chaos.py --draw 10 --kills 7 --seed 1

draws ten configurations instead (faults/drawn.py has the keys), each with a reference and strikes of its own.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from faults import damage, drawn, sameness, sample
from faults.moments import STAGES, Strike, Striker

from kerastune_ft.verification.verify import verify

STRATEGIES = ("none", "mirrored")
_SIGNALS = (signal.SIGKILL, signal.SIGTERM)
_INTERRUPTED, _EXHAUSTED, _REFUSED = 75, 6, 2
_DAMAGED = 0.4
# In these stages a process may not have verified the store that it has just opened.
_OPENING = ("extraction", "phase_change")
_MOST_MISSES = 3
# A run is struck several times, and in these stages each process only does what earlier ones left.
_EARLY = {"extraction": 0.4, "training": 0.4, "validation": 0.4, "checkpoint": 0.3, "phase_change": 0.5}
_WATCHED = Strike("", 0, "counter", 0)


@dataclass
class Outcome:
    """The results of all injected faults."""

    strikes: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    """The number of strikes that hit, by stage, signal, and counter or clock."""
    missed: int = 0
    damaged: Counter[str] = field(default_factory=Counter)
    full_disks: int = 0
    refused: int = 0
    """The number of drawn configurations that the plan refuses."""
    runs: int = 0
    processes: int = 0
    seconds: float = 0.0
    faults: list[str] = field(default_factory=list)

    @property
    def kills(self) -> int:
        """The number of strikes that hit."""
        return sum(self.strikes.values())

    def add(self, other: Outcome) -> None:
        """Add the outcome of other runs."""
        for name, value in vars(other).items():
            setattr(self, name, getattr(self, name) + value)

    def to_json(self) -> dict[str, Any]:
        """Return the outcome as a JSON object."""
        strikes = [
            {"stage": stage, "signal": name, "by": by, "kills": count}
            for (stage, name, by), count in sorted(self.strikes.items())
        ]
        about = {key: value for key, value in vars(self).items() if key != "strikes"}
        return {"kills": self.kills, "strikes": strikes, **about, "identical": not self.faults}

    def table(self) -> str:
        """Return the kills by stage and signal as text."""
        columns = [(number.name, by) for number in _SIGNALS for by in ("counter", "clock")]
        heads = "".join(f"{name + ' ' + by:>18}" for name, by in columns)
        lines = [f"{'stage':<14}{heads}{'all':>6}"]
        for stage in STAGES:
            counts = [self.strikes[(stage, name, by)] for name, by in columns]
            lines.append(f"{stage:<14}" + "".join(f"{count:>18}" for count in counts) + f"{sum(counts):>6}")
        damaged = ", ".join(f"{count} {kind}" for kind, count in self.damaged.items()) or "none"
        lines.append(
            f"{self.kills} kills ({self.missed} more came too late), damaged: {damaged}, full disks: "
            f"{self.full_disks}; {self.runs} runs in {self.processes} processes, {self.seconds:.0f} s"
        )
        if self.refused:
            lines.append(f"{self.refused} drawn configurations were refused by their plan")
        lines += [f"FAULT {fault}" for fault in self.faults]
        lines.append("every run ended bit-identical" if not self.faults else f"{len(self.faults)} faults")
        return "\n".join(lines)


@dataclass
class Process:
    """The result of a process: its exit code, its standard error, and the record of its strike."""

    code: int
    err: str
    told: dict[str, Any]


class UnusableReference(Exception):
    """The uninterrupted run did not end well: its exit code, and its standard error."""

    def __init__(self, code: int, err: str) -> None:
        super().__init__(f"the uninterrupted run ended with {code}:\n{err[-2000:]}")
        self.code, self.err = code, err


class Chaos:
    """Strikes runs of one configuration."""

    def __init__(self, folder: Path, config: Path, seed: int) -> None:
        self._folder, self._config = folder, config
        self._draw = random.Random(seed)
        self.outcome = Outcome()
        self.events: dict[str, int] = {}
        """The events of every stage of the reference run."""
        self.seconds: dict[str, float] = {}

    def reference(self) -> None:
        """Make the uninterrupted run and record the events and seconds of its stages."""
        done = self._process("reference", "reference", _WATCHED)
        if done.code != 0:
            raise UnusableReference(done.code, done.err)
        self._expected = sameness.results(self._folder / "reference")
        self.events, self.seconds = done.told["events"], done.told["seconds"]

    def check_stages(self) -> None:
        """Raise SystemExit where the reference run passed a stage over, as a run of faults/sample.py never does."""
        if silent := [stage for stage in STAGES if not self.events.get(stage)]:
            raise SystemExit(f"nothing happens in {', '.join(silent)}: the functions that faults/moments.py wraps")

    def draw_strikes(self, kills: int) -> list[Strike]:
        """Draw strikes; all stages of the reference run, signals and ways occur equally often."""
        stages = [stage for stage in STAGES if self.events.get(stage)]
        ways = [(stage, number, by) for by in ("counter", "clock") for number in _SIGNALS for stage in stages]
        first = self._draw.randrange(len(ways))
        return [self._strike(*ways[(first + n) % len(ways)]) for n in range(kills)]

    def _strike(self, stage: str, number: int, by: str, most: float = 1.0) -> Strike:
        most *= _EARLY.get(stage, 1.0)
        if by == "counter":
            return Strike(stage, number, by, self._draw.randint(1, max(1, int(most * self.events[stage]))))
        return Strike(stage, number, by, self._draw.uniform(0, 0.5 * most * self.seconds[stage]))

    def strike_all(self, strikes: Sequence[Strike]) -> None:
        """Strike runs until every strike has hit or has come too late three times."""
        waiting = [(strike, 0) for strike in strikes]
        while waiting:
            # In the order of the stages, so that one run takes many strikes; each stage occurs only once in a run.
            chosen = {strike.stage: (strike, misses) for strike, misses in reversed(waiting)}
            order = [chosen[stage] for stage in STAGES if stage in chosen]
            for entry in order:
                waiting.remove(entry)
            for strike, misses in self._round([strike for strike, _ in order], dict(order)):
                # The remaining part of a stage is shorter than the whole, so an earlier moment hits.
                if misses < _MOST_MISSES:
                    again = self._strike(strike.stage, strike.signal, strike.by, most=0.3 / (1 + misses))
                    waiting.append((again, misses + 1))
                else:
                    self._fault(f"no process could be struck as drawn: {strike}")

    def _round(self, strikes: Sequence[Strike], misses: dict[Strike, int]) -> list[tuple[Strike, int]]:
        """Strike one run and resume it until it is done; return the strikes that did not hit."""
        self.outcome.runs += 1
        name = f"struck-{self.outcome.runs}"
        left, done, damaged, shard = [], False, None, None
        for strike in strikes:
            if done:
                left.append((strike, misses[strike]))
                continue
            ended = self._process(name, name, strike)
            self._look_for_notes(ended, damaged, shard)
            damaged = shard = None
            if not ended.told["stage"]:
                left.append((strike, misses[strike]))
                self.outcome.missed += 1
            else:
                self._count(name, strike, ended)
            done = ended.code == 0
            if not done:
                self._check_run(name)
                damaged = self._damage_checkpoint(self._folder / name)
                shard = self._damage_shard(self._folder / f"{name}.cache")
        if not done:
            ended = self._process(name, name, _WATCHED)
            self._look_for_notes(ended, damaged, shard)
            self._expect(name, ended, 0)
        self._same(name)
        return left

    def _count(self, name: str, strike: Strike, ended: Process) -> None:
        signal_name = signal.Signals(strike.signal).name
        self.outcome.strikes[(strike.stage, signal_name, strike.by)] += 1
        # A process asked to stop when it is almost done may end normally.
        expected = (-signal.SIGKILL,) if strike.signal == signal.SIGKILL else (_INTERRUPTED, 0)
        place = f"{name}, {signal_name} in {ended.told['stage']} ({ended.told['what']})"
        self._expect(place, ended, *expected)
        print(f"{place}: ended with {ended.code}", file=sys.stderr)

    def _fault(self, fault: str) -> None:
        self.outcome.faults.append(fault)
        print(f"FAULT {fault}", file=sys.stderr)

    def _expect(self, place: str, ended: Process, *codes: int) -> None:
        if ended.code not in codes:
            last = ended.err.strip().splitlines()[-1:] or [""]
            self._fault(f"{place}: ended with {ended.code}: {last[0]}")
        if "Traceback" in ended.err:
            self._fault(f"{place}: a traceback: {ended.err[-1500:]}")

    def _check_run(self, name: str) -> None:
        found = verify(self._folder / name) if (self._folder / name / "manifest.json").exists() else None
        if found is not None and not found.holds:
            self._fault(f"{name}: verify finds\n{found}")

    def _damage_checkpoint(self, run: Path) -> tuple[Path, str] | None:
        path = damage.newest_checkpoint(run)
        if path is None or self._draw.random() > _DAMAGED:
            return None
        kind = damage.damage(path, self._draw)
        self.outcome.damaged[kind] += 1
        return path, kind

    def _damage_shard(self, cache: Path) -> tuple[Path, float] | None:
        path = damage.a_shard(cache, self._draw)
        if path is None or self._draw.random() > _DAMAGED:
            return None
        self.outcome.damaged[damage.damage_shard(path, self._draw)] += 1
        return path, time.time()

    def _look_for_notes(
        self, ended: Process, damaged: tuple[Path, str] | None, shard: tuple[Path, float] | None
    ) -> None:
        """Check that a process that read its checkpoint, or opened a store, reported the damage."""
        if damaged is not None and "training" in ended.told["events"]:
            path, kind = damaged
            if f"{path.name} is damaged" not in ended.err:
                self._fault(f"{path}: {kind}, but the process continued without reporting it")
        if shard is not None and ended.told["stage"] not in _OPENING:
            path, when = shard
            store = path.parents[1]
            is_opened = (store / "used").stat().st_mtime > when
            if is_opened and f"stored features in {store} are damaged" not in ended.err:
                self._fault(f"{path}: damaged, but the process continued without reporting it")

    def _same(self, name: str) -> None:
        run = self._folder / name
        if wrong := sameness.differences(self._expected, run):
            shown = ", ".join(wrong[:5])
            self._fault(f"{name}: {len(wrong)} results are not those of the reference: {shown}")
        self._check_run(name)
        if not wrong:
            shutil.rmtree(run / "model", ignore_errors=True)

    def fill_disk(self, share: float) -> None:
        """Let the disk be full after this share of what a run writes, then make room and resume."""
        self.outcome.runs += 1
        name = f"full-{self.outcome.runs}"
        run = self._folder / name
        size = sum(path.stat().st_size for path in (self._folder / "reference").rglob("*") if path.is_file())
        free = int(share * size)
        with damage.small_disk(run, 4 * size) as is_mounted:
            ballast = run.with_suffix(".ballast") if not is_mounted else run / ".ballast"
            if is_mounted:
                ballast.write_bytes(bytes(4 * size - free))
            ended = self._process(name, name, _WATCHED, None if is_mounted else free)
            self._expect(name, ended, _EXHAUSTED)
            if "no space left" not in ended.err:
                self._fault(f"{name}: it does not say that the disk is full: {ended.err[-300:]}")
            self._check_run(name)
            ballast.unlink(missing_ok=True)
            self._expect(name, self._process(name, name, _WATCHED), 0)
            self._same(name)
        self.outcome.full_disks += 1

    def _process(self, run: str, cache: str, strike: Strike, bytes_free: int | None = None) -> Process:
        """Run the command in a process that strikes itself."""
        self.outcome.processes += 1
        record = self._folder / f"{run}.record.json"
        record.unlink(missing_ok=True)
        order = {"strike": strike.to_json(), "record": str(record), "bytes_free": bytes_free}
        words = ["run", str(self._config), "--run-dir", str(self._folder / run)]
        environment = {"KERASTUNE_CACHE": str(self._folder / f"{cache}.cache")}
        done = subprocess.run(
            [sys.executable, __file__, "--child", json.dumps(order), *words],
            capture_output=True,
            text=True,
            cwd=self._folder,
            env={**os.environ, **environment},
            check=False,
        )
        told = json.loads(record.read_text()) if record.exists() else {"stage": "", "events": {}, "seconds": {}}
        return Process(done.returncode, done.stderr, told)


def child(order: dict[str, Any], words: Sequence[str]) -> None:
    """Run the program in this process and strike it as ordered."""
    import atexit

    from kerastune_ft.cli.commands import main as program
    from kerastune_ft.quiet_imports import tensorflow_import

    striker = Striker(Strike(**order["strike"]), Path(order["record"]), order["bytes_free"])
    with tensorflow_import():
        striker.install()
    if not order["strike"]["signal"]:
        atexit.register(striker.report)
    program(list(words))


def main() -> int:
    """Read the options, inject faults and print the outcome; return 1 if any check failed."""
    if sys.argv[1:2] == ["--child"]:
        child(json.loads(sys.argv[2]), sys.argv[3:])
        return 0
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=40, help="number of kills (%(default)s)")
    parser.add_argument("--full-disks", type=int, default=2, help="number of runs with a full disk (%(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="seed of the random moments (%(default)s)")
    parser.add_argument("--config", type=Path, help="the run to strike instead of a small one made for it")
    parser.add_argument(
        "--sample", choices=list(sample.SAMPLES), default="images", help="of the small run (%(default)s)"
    )
    parser.add_argument("--strategy", choices=STRATEGIES, default="none", help="of the small run (%(default)s)")
    parser.add_argument("--draw", type=int, default=0, metavar="N", help="draw N configurations and strike each")
    parser.add_argument("--brief", action="store_true", help="make the small run even shorter: two epochs")
    parser.add_argument("--directory", type=Path, help="where the runs are kept; by default they are removed")
    parser.add_argument("--json", action="store_true", help="print the outcome as JSON")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = (options.directory or Path(temporary)).absolute()
        folder.mkdir(parents=True, exist_ok=True)
        if options.draw:
            outcome = inject_draws(folder, options.draw, options.kills, options.seed)
            print(json.dumps(outcome.to_json(), indent=1) if options.json else outcome.table())
            return 1 if outcome.faults else 0
        given = options.config and options.config.absolute()
        config = given or sample.write(folder, options.strategy, sample=options.sample, is_brief=options.brief)
        outcome = inject_all(Chaos(folder, config, options.seed), options.kills, options.full_disks)
    print(json.dumps(outcome.to_json(), indent=1) if options.json else outcome.table())
    return 1 if outcome.faults else 0


def inject_all(chaos: Chaos, kills: int, full_disks: int) -> Outcome:
    """Inject kills and full disks, and return the outcome."""
    began = time.monotonic()
    chaos.reference()
    chaos.check_stages()
    chaos.strike_all(chaos.draw_strikes(kills))
    for number in range(full_disks):
        chaos.fill_disk((number + 0.5) / full_disks)
    chaos.outcome.seconds = time.monotonic() - began
    return chaos.outcome


def inject_draws(folder: Path, count: int, kills: int, seed: int) -> Outcome:
    """Draw configurations, strike the runs of each, and return the outcome of all."""
    whole = Outcome()
    for number in range(seed, seed + count):
        began, here = time.monotonic(), folder / f"drawn-{number}"
        here.mkdir()
        chaos = Chaos(here, drawn.write(here, STRATEGIES[number % 3 == 2], number), number)
        print(f"drawn-{number}", file=sys.stderr)
        try:
            chaos.reference()
            chaos.strike_all(chaos.draw_strikes(kills))
        except UnusableReference as error:
            if error.code == _REFUSED:
                chaos.outcome.refused += 1
                print(f"refused: {error.err[-600:]}", file=sys.stderr)
            else:
                chaos.outcome.faults.append(str(error))
        chaos.outcome.seconds = time.monotonic() - began
        chaos.outcome.faults = [f"drawn-{number}: {fault}" for fault in chaos.outcome.faults]
        whole.add(chaos.outcome)
        for fault in chaos.outcome.faults:
            print(f"FAULT {fault}", file=sys.stderr)
        if not chaos.outcome.faults:
            shutil.rmtree(here)
    return whole


if __name__ == "__main__":
    raise SystemExit(main())
