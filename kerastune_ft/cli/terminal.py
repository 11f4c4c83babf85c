"""Output shared by all commands: results as text or JSON, errors on standard error, and exit codes."""

from __future__ import annotations

import atexit
import contextlib
import json
import math
import os
import shlex
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Iterator, Sequence
from types import FrameType
from typing import Any, NoReturn

import click

from kerastune_ft import streams
from kerastune_ft.errors import OUT_OF_SPACE, KerasTuneError, ResourceError, describe_lack, explain
from kerastune_ft.quiet_imports import own_process
from kerastune_ft.training.interrupts import stop_signals


def _interrupt(number: int, frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt


class Program(click.Group):
    """A click group that prints users' errors without a traceback and exits with their codes."""

    def main(self, *arguments: Any, **options: Any) -> Any:
        """Run the program and exit."""
        options["standalone_mode"] = False
        if threading.current_thread() is threading.main_thread():
            # Training installs its own handler later; until then, and for other commands, they act like Ctrl-C.
            for number in stop_signals():
                if number != signal.SIGINT:
                    signal.signal(number, _interrupt)
        given = options.get("args") or (arguments[0] if arguments else None)
        words = given or sys.argv[1:]
        if given is not None:
            sys.exit(self._run(words, arguments, options))
        own_process()
        streams.prepare()
        # The handler registered first runs last.
        atexit.register(ending := _Ending())
        ending.code = self._run(words, arguments, options)
        streams.discard_unwritten()
        sys.exit(ending.code)

    def _run(self, words: Sequence[str], arguments: tuple[Any, ...], options: dict[str, Any]) -> int:
        """Run the program and return its exit code."""
        try:
            code = super().main(*arguments, **options)
        except click.ClickException as error:
            if "--json" in words:
                print_json(_error_document("UsageError", error.format_message(), 2))
            error.show()
            return 2
        except (click.Abort, KeyboardInterrupt):
            click.echo("interrupted; give the same command again: a run goes on where it stopped", err=True)
            return 75
        except KerasTuneError as error:
            _explain(error, "--debug" in words, "--json" in words)
            return error.exit_code
        except OSError as error:
            if error.errno in OUT_OF_SPACE and error.filename is None:
                # Standard output has no name.
                click.echo(f"{describe_lack(error)} for the output", err=True)
                return ResourceError.exit_code
            return _explain_unforeseen(error, words)
        except Exception as error:
            return _explain_unforeseen(error, words)
        return code if isinstance(code, int) else 0

    def invoke(self, context: click.Context) -> Any:
        """Run a command; a reader that closes the pipe early, as `head` does, is not an error."""
        try:
            result = super().invoke(context)
            sys.stdout.flush()
        except BrokenPipeError:
            streams.discard_unwritten()
            return 0
        return result


class _Ending:
    """Ends the process after its exit handlers, without the interpreter's teardown.

    With TensorFlow loaded the teardown takes half a second, only frees what the system frees anyway, and may fail.
    """

    code: int | None = None
    """The exit code of the program, once it has ended normally."""

    def __call__(self) -> None:
        # A worker signs off from the others during TensorFlow's teardown.
        if self.code is None or "tensorflow" not in sys.modules or "TF_CONFIG" in os.environ:
            return
        streams.discard_unwritten()
        os._exit(self.code)


def _explain_unforeseen(error: Exception, words: Sequence[str]) -> int:
    """Say what became of an error that no command expects, and return its exit code."""
    explained = explain(error)
    if explained is None:
        _report_fault(error, "--debug" in words, "--json" in words)
        return 1
    explained.__cause__ = error
    _explain(explained, "--debug" in words, "--json" in words)
    return explained.exit_code


def _explain(error: KerasTuneError, debug: bool, as_json: bool) -> None:
    if debug:
        traceback.print_exception(error)
    if as_json:
        print_json(_error_document(type(error).__name__, str(error), error.exit_code, getattr(error, "problems", ())))
    click.echo(str(error), err=True)


def _error_document(kind: str, message: str, exit_code: int, problems: Sequence[Any] = ()) -> dict[str, Any]:
    """Return an error as the JSON object that `--json` prints."""
    return {
        "error": kind,
        "message": message,
        "exit_code": exit_code,
        "problems": [problem.to_json() for problem in problems],
    }


def _report_fault(error: Exception, debug: bool, as_json: bool) -> None:
    if debug:
        traceback.print_exception(error)
    text = " ".join(str(error).split())
    if as_json:
        print_json(_error_document(type(error).__name__, text, 1))
    click.echo(f"unexpected {type(error).__name__}: {text[:400]}", err=True)
    if not debug:
        click.echo("this is a bug in the program; run the same command with --debug to see where", err=True)


def print_json(value: Any) -> None:
    """Print a value as JSON; NaN and infinity become null."""
    # Half characters, as names of files that are not UTF-8 have them, become escapes where they are written.
    click.echo(json.dumps(_plain(value), indent=2, ensure_ascii=not streams.writes_utf8(sys.stdout)))


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def show(table: Any) -> None:
    """Print a rich table."""
    from rich.console import Console
    from rich.table import Table

    console = Console(highlight=False)
    if not console.is_terminal:
        # When output is piped, rows stay on one line, and sentences wrap at a readable width.
        wide = Console(width=1000).measure(table).maximum if isinstance(table, Table) else 0
        console = Console(highlight=False, width=max(wide, 120))
    console.print(table)


def print_outcome(done: Any) -> None:
    """Print the outcome of a run: its metrics, its directory, the next command."""
    from kerastune_ft.reporting.page import document
    from kerastune_ft.reporting.quantities import format_progress
    from kerastune_ft.reporting.terminal.tables import build_metrics_table

    if done.metrics:
        show(build_metrics_table(done.metrics, done.constant))
    split = "test" if "test" in done.metrics else "validation"
    figures = "  ".join(
        f"{split}_{name} {format_progress(value)}"
        for name, value in done.metrics.get(split, {}).items()
        if value is not None
    )
    click.echo(figures or "not evaluated yet")
    if done.metrics and (better := document.summarise(done.path)["earlier_phase_better"]):
        click.echo(
            f"phase {better} had a better epoch, by the last phase's monitor, than the final model; train the phases "
            "after it at a lower learning rate or for fewer epochs, or leave them out"
        )
    click.echo(f"run directory: {done.path}")
    if done.metrics:
        place = shlex.quote(str(done.path))
        click.echo(f"next: open {done.path}/report/index.html, or: python -m kerastune_ft evaluate {place}")
    else:
        click.echo("next: run the same command without --until-phase to continue")


@contextlib.contextmanager
def tolerate_lost_output(remedy: str) -> Iterator[None]:
    """Let a command whose work is done end well although its output cannot be written; `remedy` says where it is."""
    try:
        yield
        sys.stdout.flush()
    except OSError as error:
        streams.discard_unwritten()
        streams.say(f"standard output cannot be written ({error.strerror or error}); {remedy}")


def common(command: Callable) -> Callable:
    """Add the options that every command has."""
    command = click.option("--debug", is_flag=True, help="Show tracebacks.")(command)
    return click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")(command)
