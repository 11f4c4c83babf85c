"""Shows the progress of a run: bars on a terminal, one output of a cell in a notebook, plain lines elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from kerastune_ft.metrics.document import metrics_by_split
from kerastune_ft.reporting import plan_lines
from kerastune_ft.reporting.metric_names import find_headline
from kerastune_ft.reporting.notebook.card import show_results
from kerastune_ft.reporting.notebook.panel import Panel, find_panel
from kerastune_ft.reporting.phase_results import find_distances
from kerastune_ft.reporting.quantities import format_count, format_progress, format_share, format_words
from kerastune_ft.reporting.terminal.phases_table import describe_moves
from kerastune_ft.reporting.update_lines import describe_solution
from kerastune_ft.streams import error_stream, fit_line, is_quiet, is_verbose, mark_time, say
from kerastune_ft.training.left_weights import is_discarded
from kerastune_ft.training.watch import Watcher
from kerastune_ft.wording import counted

_SECONDS_BETWEEN_LINES, _SECONDS_WHEN_VERBOSE = 60.0, 10.0
_LINE_WIDTH = 80
# Characters of a bar, and those that the words and figures beside it take.
_LEAST_BAR, _WIDEST_BAR, _BESIDE_BAR = 6, 40, 74
# The beginnings of the keys of an epoch's metrics.
_MEASURED = ("train_", "validation_")


def create_watcher(log: Callable[[str], None], has_bars: bool = True) -> Watcher:
    """Return a watcher with bars where a terminal or the call's panel shows them, else lines; `log` gets every line.

    Without `has_bars` a terminal gets lines too, as where results are printed on it meanwhile.
    """
    if is_quiet():
        return Lines(log)
    if (panel := find_panel()) is not None:
        return PanelProgress(panel, log)
    # In a notebook rich would show widgets, which a saved notebook shows as nothing.
    console = Console(file=error_stream(), highlight=False, force_jupyter=False)
    return Bars(console, log) if has_bars and console.is_terminal else Lines(log)


def describe_epoch(
    row: Mapping[str, Any], epochs: int, is_best: bool, monitor: str = "validation_loss", width: int = _LINE_WIDTH
) -> str:
    """Return one line about an epoch, the metric that judges it included; `val` stands for validation.

    Where the line of some epoch of the phase would be longer than `width`, all leave out the loss of training.
    """
    headline = find_headline([key for key, value in row.items() if value is not None])
    named = ["train_loss", "validation_loss", headline if monitor == "validation_loss" else monitor]
    shown = [key for key in dict.fromkeys(named) if key and row.get(key) is not None]
    words = {key: key.replace("validation_", "val_", 1).replace("train_loss", "loss") for key in shown}
    if len(_join_epoch({**row, "epoch": epochs}, epochs, True, words)) > width:
        words.pop("train_loss", None)
    return _join_epoch(row, epochs, is_best, words)


def _join_epoch(row: Mapping[str, Any], epochs: int, is_best: bool, words: Mapping[str, str]) -> str:
    figures = [f"{format_words(word)} {format_progress(row[key])}" for key, word in words.items()]
    ending = ["best"] if is_best else []
    return "  ".join([f"{row['phase']} {row['epoch']}/{epochs}", *figures, f"{row['seconds']:.1f} s", *ending])


def list_epoch(row: Mapping[str, Any], epochs: int, is_best: bool) -> str:
    """Return a line with every metric of an epoch, as log.txt has it."""
    metrics = {key: key for key, value in row.items() if key.startswith(_MEASURED) and value is not None}
    return _join_epoch(row, epochs, is_best, metrics)


def describe_phase_start(phase: Mapping[str, Any], done_steps: int, units: Sequence[str] = ()) -> str:
    """Return one line about a phase that begins; `units` are those of the plan, the head last."""
    together = "together " if phase.get("lora") else ""
    is_refit = phase.get("refit") is not None
    if phase.get("solver"):
        length = f"to its optimum by a solver in at most {counted(phase['epochs'], 'iteration')}"
    else:
        bound = "" if is_refit else "at most "
        length = f"{counted(phase['steps'], 'step')} in {bound}{counted(phase['epochs'], 'epoch')}"
    text = (
        f"{'refit of phase' if is_refit else 'phase'} {phase['name']}: trains {_name_units(phase, units)} ({together}"
        f"{format_count(phase['trainable_parameters'])} parameters, {format_share(phase['trainable_share'])}), {length}"
    )
    return f"{text}; going on after step {done_steps}" if done_steps else text


def _name_units(phase: Mapping[str, Any], units: Sequence[str]) -> str:
    names, lora = phase["trains"], phase.get("lora")
    if lora is None:
        return plan_lines.name_spans(names, units)
    adapters = counted(len(lora["layers"]), "adapter")
    within = plan_lines.name_spans([name for name in names if name != plan_lines.HEAD], units)
    beside = ", head" if plan_lines.HEAD in names else ""
    return f"{adapters} of rank {lora['rank']} in {within} ({format_count(lora['parameters'])} parameters){beside}"


class Lines(Watcher):
    """A line per epoch, and at least one a minute."""

    def __init__(self, log: Callable[[str], None]) -> None:
        """`log` takes every line as well."""
        self._log, self._last, self._epochs = log, time.monotonic(), 0
        self._phase: Mapping[str, Any] = {}
        self._units: Sequence[str] = ()
        # Other work under way: its name, how much was done at the first report, and the time of that report.
        self._work: tuple[str, int, float] | None = None

    def _say(self, text: str, logged: str | None = None) -> None:
        """Print a line; the log gets `logged` instead, where it is given."""
        self._show_line(text)
        self._log(logged or text)
        self._last = time.monotonic()

    def _show_line(self, text: str) -> None:
        say(text)

    def _is_line_due(self) -> bool:
        pause = _SECONDS_WHEN_VERBOSE if is_verbose() else _SECONDS_BETWEEN_LINES
        return time.monotonic() - self._last >= pause

    def run_started(self, directory: str, config: Mapping[str, Any], plan: Mapping[str, Any]) -> None:
        """Remember the units of the plan."""
        self._units = plan_lines.list_units(plan)

    def note(self, text: str) -> None:
        """Print a sentence."""
        self._say(text)

    def phase_started(self, phase: Mapping[str, Any], done_steps: int) -> None:
        """Print what the phase trains."""
        self._phase = phase
        self._say(describe_phase_start(phase, done_steps, self._units))

    def step_done(self, step: int, loss: float | None) -> None:
        """Print a line when nothing was printed for a minute."""
        if self._is_line_due():
            self._say(f"{self._phase['name']}  step {step}/{self._phase['steps']}{_describe_loss(loss)}")

    def epoch_done(self, row: Mapping[str, Any], is_best: bool) -> None:
        """Print the epoch's figures."""
        everything = list_epoch(row, self._phase["epochs"], is_best)
        brief = describe_epoch(row, self._phase["epochs"], is_best, self._phase["monitor"])
        self._say(everything if is_verbose() else brief, everything)

    def phase_done(self, result: Mapping[str, Any]) -> None:
        """Print the result of the phase."""
        self._say(describe_phase_end(result))

    def work(self, what: str, done: int, total: int) -> None:
        """Print a line when nothing was printed for a minute."""
        rate = self._rate(what, done)
        if self._is_line_due():
            self._say(f"{what}  {done}/{total}{rate}")

    def run_done(self, state: str, message: str, metrics: Mapping[str, Any]) -> None:
        """Write the final metrics into the log; the command prints them as its result."""
        for split, measured in metrics_by_split(metrics).items():
            figures = [
                f"{format_words(name)} {format_progress(value)}"
                for name, value in measured.items()
                if value is not None
            ]
            self._log("  ".join([split, *figures]))

    def _rate(self, what: str, done: int) -> str:
        """Return the work done a second since its first report, if that is known yet."""
        if self._work is None or self._work[0] != what or done < self._work[1]:
            self._work = (what, done, time.monotonic())
        _, begun, since = self._work
        seconds = time.monotonic() - since
        return f"  {_format_speed((done - begun) / seconds)} a second" if done > begun and seconds > 0 else ""


def _describe_loss(loss: float | None) -> str:
    """Return what is added to the name of a phase under way: its training loss, where it is known."""
    return "" if loss is None else f"  train loss {format_progress(loss)}"


def _format_speed(value: float) -> str:
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"


def describe_phase_end(result: Mapping[str, Any]) -> str:
    """Return one line about a phase that ended."""
    monitor = result["monitor"]
    updated, count = result["updated"]["variables"], result["frozen"]["variables"]
    frozen = f"{counted(count, 'frozen variable')} bit-identical" if count else "nothing was frozen"
    moves = describe_moves(find_distances(result)["moved"])
    solved = describe_solution(result.get("solver") or {})
    if result.get("refit"):
        chosen = "not kept, as before" if is_discarded(result) else "as chosen before"
        length = solved or f"{counted(result['best_epoch'], 'epoch')} {chosen}"
        said = f"refit of phase {result['name']} done: {length}"
    else:
        measured = f"{format_words(monitor)} {format_progress(result['best'][monitor])}{_describe_gain(result)}"
        verdict = "not kept" if is_discarded(result) else "done"
        length = solved or f"best epoch {result['best_epoch']} of {result['epochs']}"
        said = f"phase {result['name']} {verdict}: {length}, {measured}"
    return f"{said}, {_describe_cost(result)}; {f'moved {moves}; ' if moves else ''}{frozen}" + (
        f", {updated} BatchNorm statistics updated" if updated else ""
    )


def _describe_gain(result: Mapping[str, Any]) -> str:
    """Return what the monitor was at the start of a phase, where it was measured."""
    start = (result.get("start") or {}).get("metrics", {}).get(result["monitor"])
    return "" if start is None else f" from {format_progress(start)}"


def _describe_cost(result: Mapping[str, Any]) -> str:
    """Return the seconds of a phase and, where they are known, its steps and what they read."""
    if "features" not in result:
        return f"{result['seconds']:.1f} s"
    read = {"stored": " on stored features"}.get(result["features"]["train"], "")
    steps = "" if result.get("solver") else counted(result["steps"], "step")
    return f"{steps}{read} in {result['seconds']:.1f} s".strip()


class Bars(Lines):
    """A bar for the phase under way, with the lines of `Lines` above it."""

    def __init__(self, console: Console, log: Callable[[str], None]) -> None:
        """`console` is the terminal."""
        super().__init__(log)
        self._console = console
        self._progress: Progress | None = None
        self._task: TaskID | None = None

    def _show_line(self, text: str) -> None:
        self._console.print(fit_line(mark_time(text), self._console.width), markup=False, soft_wrap=True)

    def _show(self, what: str, total: int, done: int) -> None:
        self._hide()
        columns = (
            TextColumn("{task.description}", markup=False),
            BarColumn(max(_LEAST_BAR, min(_WIDEST_BAR, self._console.width - _BESIDE_BAR))),
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
            description = f"{self._phase['name']}{_describe_loss(loss)}"
            self._progress.update(self._task, completed=step, description=description)

    def phase_done(self, result: Mapping[str, Any]) -> None:
        """Take the bar away and print the result of the phase."""
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
        """Take any bar away, also after an error."""
        self._hide()


class PanelProgress(Lines):
    """The lines of `Lines` in the panel of a call in a notebook, and a bar for what is under way."""

    def __init__(self, panel: Panel, log: Callable[[str], None]) -> None:
        """`panel` gets what is said as well."""
        super().__init__(log)
        self._panel = panel
        self._directory = ""

    def run_started(self, directory: str, config: Mapping[str, Any], plan: Mapping[str, Any]) -> None:
        """Remember where the run is, for its results."""
        super().run_started(directory, config, plan)
        self._directory = directory

    def step_done(self, step: int, loss: float | None) -> None:
        """Move the bar."""
        self._panel.move_bar(f"{self._phase['name']}{_describe_loss(loss)}", step, self._phase["steps"])

    def phase_done(self, result: Mapping[str, Any]) -> None:
        """Take the bar away and say the result of the phase."""
        self._panel.hide_bar()
        super().phase_done(result)

    def work(self, what: str, done: int, total: int) -> None:
        """Show a bar for other work and take it away at its end."""
        self._panel.move_bar(what, done, total)
        if done >= total:
            self._panel.hide_bar()

    def run_done(self, state: str, message: str, metrics: Mapping[str, Any]) -> None:
        """Show the metrics of the final model, once it is measured."""
        super().run_done(state, message, metrics)
        if self._directory and metrics:
            self._panel.conclude(show_results(self._directory))
