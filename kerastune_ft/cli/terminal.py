"""Output shared by all commands: results as text or JSON, errors on standard error, and exit codes."""

from __future__ import annotations

import atexit
import contextlib
import difflib
import functools
import json
import math
import os
import shlex
import shutil
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import FrameType
from typing import Any, NoReturn

import click

from kerastune_ft import streams
from kerastune_ft.errors import OUT_OF_SPACE, KerasTuneError, ResourceError, describe_lack, explain
from kerastune_ft.notebook.speech import serving_commands
from kerastune_ft.quiet_imports import own_process
from kerastune_ft.training.interrupts import stop_signals

_PIPED_WIDTH = 120
_FLAG = "kerastune_ft."
# Those of the flags of every command that choose how much is said.
_DETAILS = {"quiet": streams.Detail.QUIET, "verbose": streams.Detail.VERBOSE}


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
            with serving_commands():
                code = self._run(words, arguments, options)
            sys.exit(code)
        own_process()
        streams.prepare()
        # The handler registered first runs last.
        atexit.register(ending := _Ending())
        with serving_commands():
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

    def resolve_command(
        self, context: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command that the first word names; for another word the error has the nearest command."""
        name = args[0]
        if name not in self.commands and not name.startswith("-"):
            near = difflib.get_close_matches(name, self.commands, n=1)
            meant = f"did you mean {near[0]}?" if near else f"there are {', '.join(self.commands)}"
            raise click.UsageError(f'there is no command "{name}"; {meant}', context)
        return super().resolve_command(context, args)

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
    text = str(error)
    click.echo(streams.fit_message(text, shutil.get_terminal_size().columns) if sys.stderr.isatty() else text, err=True)


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


def echo(text: str) -> None:
    """Print a result in words, perhaps several lines; on a terminal they are broken between words."""
    click.echo(streams.fit_message(text, shutil.get_terminal_size().columns) if sys.stdout.isatty() else text)


def show(table: Any) -> None:
    """Print a rich table, or a group of tables and sentences; with --wide tables take the width they need."""
    from rich.console import Console, Group

    console = Console(highlight=False)
    is_wide = not console.is_terminal or is_chosen("wide")
    # When output is piped, rows stay on one line, and sentences wrap at a readable width.
    usual = console.width if console.is_terminal else _PIPED_WIDTH
    for part in table.renderables if isinstance(table, Group) else [table]:
        console.width = max(usual, getattr(part, "full_width", 0)) if is_wide else usual
        # What is wider than the terminal after all, such as a path, is not cut off.
        console.print(part, crop=False)


def print_outcome(done: Any, config: str, overrides: Sequence[str]) -> None:
    """Print the outcome of a run: its metrics, what they mean, its directory, the next command.

    `config` and `overrides` are those of the command, which findings advise to change.
    """
    from kerastune_ft.reporting.quantities import format_progress
    from kerastune_ft.reporting.reliability.words import describe_groups
    from kerastune_ft.reporting.terminal.tables import build_metrics_table

    if done.metrics:
        show(build_metrics_table(done.metrics, done.constant, done.intervals, done.examples, done.before))
        if grouped := describe_groups(done.examples.get("test", 0), done.groups.get("test"), "test"):
            echo(grouped)
        if refit := str(done.before_refit):
            echo(refit)
        _print_findings(done.findings, config, overrides, f"{done.path}/config.json")
    split = "test" if "test" in done.metrics else "validation"
    figures = "  ".join(
        f"{split}_{name} {format_progress(value)}"
        for name, value in done.metrics.get(split, {}).items()
        if value is not None
    )
    echo(figures or "not evaluated yet")
    echo(f"run directory: {done.path}")
    if done.metrics:
        place = shlex.quote(str(done.path))
        click.echo(f"next: open {done.path}/report/index.html, or: python -m kerastune_ft report {place}")
    else:
        echo("next: run the same command without --until-phase to continue")


def _print_findings(
    findings: Sequence[Mapping[str, Any]], config: str, overrides: Sequence[str], own_config: str
) -> None:
    from kerastune_ft.reporting.terminal.banner import STYLES, describe_findings

    width = shutil.get_terminal_size().columns
    fit = functools.partial(streams.fit_line, width=width) if sys.stdout.isatty() else str
    for level, text in describe_findings(findings, config, overrides, own_config, fit):
        label, colon, rest = text.partition(":")
        click.echo(f"{click.style(label, fg=STYLES[level], bold=True)}{colon}{rest}" if level else text)


@contextlib.contextmanager
def tolerate_lost_output(remedy: str) -> Iterator[None]:
    """Let a command whose work is done end well although its output cannot be written; `remedy` says where it is."""
    try:
        yield
        sys.stdout.flush()
    except OSError as error:
        streams.discard_unwritten()
        streams.say_error(f"standard output cannot be written ({error.strerror or error}); {remedy}")


def is_chosen(name: str) -> bool:
    """Return whether the command under way was given a flag that every command has: wide, quiet or verbose."""
    context = click.get_current_context(silent=True)
    return context is not None and bool(context.meta.get(_FLAG + name))


def _keep_flag(context: click.Context, option: click.Parameter, is_given: bool) -> None:
    """Remember a flag for `is_chosen`."""
    context.meta[f"{_FLAG}{option.name}"] = is_given


_FLAGS = (
    click.option("--debug", is_flag=True, help="Show tracebacks."),
    click.option(
        "-v", "--verbose", is_flag=True, expose_value=False, callback=_keep_flag,
        help="Say more: the time of every line, all metrics of an epoch.",
    ),
    click.option(
        "-q", "--quiet", is_flag=True, expose_value=False, callback=_keep_flag, help="Say results and errors only."
    ),
    click.option(
        "--wide", is_flag=True, expose_value=False, callback=_keep_flag, help="Make tables as wide as they need."
    ),
    click.option("--json", "as_json", is_flag=True, help="Print the result as JSON."),
)  # fmt: skip


def common(command: Callable) -> Callable:
    """Add the options that every command has."""

    @functools.wraps(command)
    def run_at_detail(*arguments: Any, **options: Any) -> Any:
        if is_chosen("quiet") and is_chosen("verbose"):
            raise click.UsageError("-q and -v exclude each other; give one of them", click.get_current_context())
        chosen = next((detail for name, detail in _DETAILS.items() if is_chosen(name)), streams.Detail.USUAL)
        put_back = streams.choose_detail(chosen)
        try:
            return command(*arguments, **options)
        finally:
            put_back()

    given: Callable = run_at_detail
    for option in _FLAGS:
        given = option(given)
    return given
