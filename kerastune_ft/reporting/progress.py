"""Progress for people: bars on a terminal or in a notebook, plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from kerastune_ft.reporting import quantities as say
from kerastune_ft.reporting.metric_names import find_headline
from kerastune_ft.training.watch import Watcher
from kerastune_ft.wording import counted

_SECONDS_BETWEEN_LINES = 60.0


def watcher(log: Callable[[str], None]) -> Watcher:
    """Return the watcher that fits standard error; `log` gets every line too."""
    console = Console(stderr=True, highlight=False)
    if console.is_terminal or console.is_jupyter:
        return Bars(console, log)
    return Lines(log)


def epoch_line(row: Mapping[str, Any], epochs: int, is_best: bool, monitor: str = "validation_loss") -> str:
    """Return one line about an epoch, the metric that judges it included."""
    parts = [f"{row['phase']}  epoch {row['epoch']}/{epochs}"]
    headline = find_headline([key for key, value in row.items() if value is not None])
    for key in ("train_loss", "validation_loss", headline if monitor == "validation_loss" else monitor):
        if key and row.get(key) is not None:
            parts.append(f"{say.words(key)} {say.progress(row[key])}")
    parts.append(f"{row['seconds']:.1f} s")
    return "  ".join(parts) + ("  best so far" if is_best else "")


def phase_line(phase: Mapping[str, Any], done_steps: int) -> str:
    """Return one line about a phase that begins."""
    together = "together " if phase.get("lora") else ""
    text = (
        f"phase {phase['name']}: trains {_trained(phase)} ({together}"
        f"{say.count(phase['trainable_parameters'])} parameters, {say.share(phase['trainable_share'])}), "
        f"{counted(phase['steps'], 'step')} in at most {counted(phase['epochs'], 'epoch')}"
    )
    return f"{text}; going on after step {done_steps}" if done_steps else text


def _trained(phase: Mapping[str, Any]) -> str:
    names, lora = phase["trains"], phase.get("lora")
    if lora is None:
        return ", ".join(names) if len(names) <= 4 else f"{names[0]} to head"
    units = ", ".join(names[:-1]) if len(names) <= 4 else f"{names[0]} to {names[-2]}"
    adapters = counted(len(lora["layers"]), "adapter")
    return f"{adapters} of rank {lora['rank']} in {units} ({say.count(lora['parameters'])} parameters), head"


class Lines(Watcher):
    """A line per epoch, and at least one a minute."""

    def __init__(self, log: Callable[[str], None]) -> None:
        """`log` takes every line as well."""
        self._log, self._last, self._epochs = log, time.monotonic(), 0
        self._phase: Mapping[str, Any] = {}
        # Other work under way: what, how much was done when it was first told of, and when that was.
        self._work: tuple[str, int, float] | None = None

    def _say(self, text: str) -> None:
        print(text, file=sys.stderr, flush=True)
        self._log(text)
        self._last = time.monotonic()

    def _is_quiet(self) -> bool:
        return time.monotonic() - self._last >= _SECONDS_BETWEEN_LINES

    def note(self, text: str) -> None:
        """Print a sentence."""
        self._say(text)

    def phase_started(self, phase: Mapping[str, Any], done_steps: int) -> None:
        """Print what the phase trains."""
        self._phase = phase
        self._say(phase_line(phase, done_steps))

    def step_done(self, step: int, loss: float | None) -> None:
        """Print a line when nothing was printed for a minute."""
        if self._is_quiet():
            figure = "" if loss is None else f"  train loss {say.progress(loss)}"
            self._say(f"{self._phase['name']}  step {step}/{self._phase['steps']}{figure}")

    def epoch_done(self, row: Mapping[str, Any], is_best: bool) -> None:
        """Print the epoch's figures."""
        self._say(epoch_line(row, self._phase["epochs"], is_best, self._phase["monitor"]))

    def phase_done(self, result: Mapping[str, Any]) -> None:
        """Print what the phase came to."""
        self._say(done_line(result))

    def work(self, what: str, done: int, total: int) -> None:
        """Print a line when nothing was printed for a minute."""
        rate = self._rate(what, done)
        if self._is_quiet():
            self._say(f"{what}  {done}/{total}{rate}")

    def _rate(self, what: str, done: int) -> str:
        """Return how much of this work is done in a second since it was first told of, if that is known yet."""
        if self._work is None or self._work[0] != what or done < self._work[1]:
            self._work = (what, done, time.monotonic())
        _, begun, since = self._work
        seconds = time.monotonic() - since
        return f"  {(done - begun) / seconds:.3g} a second" if done > begun and seconds > 0 else ""


def done_line(result: Mapping[str, Any]) -> str:
    """Return one line about a phase that ended."""
    monitor = result["monitor"]
    updated = result["updated"]["variables"]
    return (
        f"phase {result['name']} done: best epoch {result['best_epoch']} of {result['epochs']}, {say.words(monitor)} "
        f"{say.progress(result['best'][monitor])}, {result['seconds']:.1f} s; "
        f"{counted(result['frozen']['variables'], 'frozen variable')} bit-identical"
        + (f", {updated} BatchNorm statistics updated" if updated else "")
    )


class Bars(Lines):
    """A bar for the phase under way; lines as everywhere else above it."""

    def __init__(self, console: Console, log: Callable[[str], None]) -> None:
        """`console` is the terminal or notebook."""
        super().__init__(log)
        self._console = console
        self._progress: Progress | None = None
        self._task: TaskID | None = None

    def _say(self, text: str) -> None:
        self._console.print(text, markup=False, soft_wrap=True)
        self._log(text)

    def _show(self, what: str, total: int, done: int) -> None:
        self._hide()
        columns = (
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
        )
        self._progress = Progress(*columns, console=self._console, transient=True)
        self._progress.start()
        self._task = self._progress.add_task(what, total=total, completed=done)

    def _hide(self) -> None:
        if self._progress is not None:
            self._progress.stop()
            self._progress = None

    def phase_started(self, phase: Mapping[str, Any], done_steps: int) -> None:
        """Print what the phase trains and show its bar."""
        super().phase_started(phase, done_steps)
        self._show(phase["name"], phase["steps"], done_steps)

    def step_done(self, step: int, loss: float | None) -> None:
        """Move the bar."""
        if self._progress is not None and self._task is not None:
            description = (
                f"{self._phase['name']}  train loss {say.progress(loss)}" if loss is not None else self._phase["name"]
            )
            self._progress.update(self._task, completed=step, description=description)

    def phase_done(self, result: Mapping[str, Any]) -> None:
        """Take the bar away and print what the phase came to."""
        self._hide()
        super().phase_done(result)

    def work(self, what: str, done: int, total: int) -> None:
        """Show a bar for other work and take it away at its end."""
        rate = self._rate(what, done)
        if self._progress is None and done < total:
            self._show(what, total, done)
        if self._progress is not None and self._task is not None:
            self._progress.update(self._task, completed=done, total=total, description=f"{what}{rate}")
        if done >= total:
            self._hide()

    def close(self) -> None:
        """Take any bar away, whatever happened."""
        self._hide()
