"""The command that talks with the model of a run."""

from __future__ import annotations

import contextlib
import importlib
import re
import signal
import sys
import threading
from collections.abc import Iterator
from types import FrameType
from typing import Any, NoReturn

import click

from kerastune_ft.cli.options import choose_options, generation_options
from kerastune_ft.cli.terminal import common
from kerastune_ft.errors import Interrupted
from kerastune_ft.streams import require_reader, say
from kerastune_ft.training.interrupts import stop_signals
from kerastune_ft.wording import counted

_RESET, _EXIT, _HELP = "/reset", ("/exit", "/quit"), "/help"
_UNKNOWN = re.compile(r"/[a-z]+")
_COMMANDS = "/reset forgets what was said, /exit ends; Ctrl-C ends an answer, twice the program"


@click.command()
@click.argument("run")
@click.option("--system", metavar="TEXT", help="Instructions to the model, before all that is said.")
@generation_options
@common
def chat(run: str, system: str | None, as_json: bool, debug: bool, **generate: Any) -> int:
    """Talk with the language model of RUN.

    A line is a question, and its answer is written as the model finds it. What was said is part of the next question,
    as much of it as the model has room for. Lines may come from a pipe too: answers are then lines of standard output.
    """
    from kerastune_ft.api.runs import open_run
    from kerastune_ft.api.use.conversations import open_conversation
    from kerastune_ft.rundir import RunDirectory

    target = RunDirectory(open_run(run).path)
    conversation = open_conversation(target, system=system, generate=dict(choose_options(generate)))
    is_terminal = _is_typed()
    if is_terminal:
        say(_COMMANDS)
        # Makes arrow keys edit a line and go through those before, and lines as long as they may be.
        with contextlib.suppress(ImportError):
            importlib.import_module("readline")
    with _end_by_signals():
        return _talk(conversation, is_terminal)


def _talk(conversation: Any, is_terminal: bool) -> int:
    """Answer lines until the user ends it; return the exit code."""
    interrupts = 0
    while interrupts < 2:
        try:
            line = _read_line(is_terminal)
        except KeyboardInterrupt:
            # As in shells, one that discards what was typed asks for nothing else.
            interrupts = 0 if is_terminal and _find_typed() else interrupts + 1
            say("again to end" if interrupts == 1 else "")
            continue
        if line is None or line in _EXIT:
            break
        interrupts = 0
        if line == _RESET:
            conversation.reset()
            say("what was said is forgotten")
        elif line == _HELP:
            say(_COMMANDS)
        elif is_terminal and _UNKNOWN.fullmatch(line):
            say(f"{line} is no command: {_COMMANDS}")
        elif line:
            interrupts = int(_answer(conversation, line))
    return 0


@contextlib.contextmanager
def _end_by_signals() -> Iterator[None]:
    """Within this context signals that end programs, SIGTERM among them, do so at once; Ctrl-C is for answers alone."""
    is_main = threading.current_thread() is threading.main_thread()
    numbers = [number for number in stop_signals() if number != signal.SIGINT] if is_main else []
    before = {number: signal.signal(number, _end) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _end(number: int, frame: FrameType | None) -> NoReturn:
    # click's own Exit is an Exception, which TensorFlow makes anew, without its code, where it comes while it compiles.
    raise SystemExit(Interrupted.exit_code)


def _is_typed() -> bool:
    """Return whether lines come from a person at a terminal."""
    return sys.stdin.isatty()


def _read_line(is_terminal: bool) -> str | None:
    """Return the next line without white space around it; None at the end of input."""
    if not is_terminal:
        # What is no UTF-8 becomes U+FFFD.
        line = sys.stdin.buffer.readline().decode("utf-8", "replace")
        return line.strip() if line else None
    if not sys.stdout.isatty():
        # Answers go to a file, and prompts to whoever types.
        click.echo("> ", nl=False, err=True)
    try:
        return input("> " if sys.stdout.isatty() else "").strip()
    except EOFError:
        click.echo(err=not sys.stdout.isatty())
        return None


def _find_typed() -> str:
    """Return the line that an interrupt found unfinished."""
    readline: Any = sys.modules.get("readline")
    return readline.get_line_buffer() if readline else ""


def _answer(conversation: Any, line: str) -> bool:
    """Write the answer to a line part by part; return whether the user ended it."""
    is_ended = False
    parts = conversation.ask(line)
    try:
        for part in parts:
            require_reader()
            click.echo(part, nl=False)
            sys.stdout.flush()
    except KeyboardInterrupt:
        is_ended = True
        parts.close()
    click.echo()
    if conversation.dropped:
        say(f"the oldest {counted(conversation.dropped, 'turn')} had no room any more")
    if conversation.lost:
        say(f"the question is too long for this model: its first {counted(conversation.lost, 'token')} were not read")
    return is_ended
