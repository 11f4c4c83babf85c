"""The command chat: lines of a pipe, its own words, and what it prints."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from types import SimpleNamespace

import pytest
from click.testing import CliRunner

from kerastune_ft.api import runs
from kerastune_ft.api.use import conversations
from kerastune_ft.cli.chat import chat


class Echo:
    """Answers with what was asked, in two parts."""

    def __init__(self) -> None:
        self.dropped, self.lost, self.resets, self.opened = 0, 0, 0, {}

    def open(self, run: object, **options: object) -> Echo:
        self.opened = {"run": str(run), **options}
        return self

    def reset(self) -> None:
        self.resets += 1

    def ask(self, text: str) -> Iterator[str]:
        yield text[:1]
        if text == "stop":
            raise KeyboardInterrupt
        if text == "end":
            signal.raise_signal(signal.SIGTERM)
        yield text[1:] + "!"


@pytest.fixture
def echo(monkeypatch: pytest.MonkeyPatch) -> Echo:
    made = Echo()
    monkeypatch.setattr(conversations, "open_conversation", made.open)
    monkeypatch.setattr(runs, "open_run", lambda run: SimpleNamespace(path=run))
    return made


def test_lines_of_a_pipe_are_answered_a_line_each(echo: Echo):
    given = ["RUN", "--system", "be kind", "--temperature", "0.5", "--stop", "x"]
    found = CliRunner().invoke(chat, given, input="hello\n\n/reset\nyou\n/exit\nnever\n")
    assert found.exit_code == 0 and found.stdout == "hello!\nyou!\n" and echo.resets == 1
    assert "forgotten" in found.stderr
    assert echo.opened == {"run": "RUN", "system": "be kind", "generate": {"temperature": 0.5, "stop": ("x",)}}


def test_an_answer_that_is_ended_does_not_end_the_program(echo: Echo):
    found = CliRunner().invoke(chat, ["RUN"], input="stop\nagain\n/help\n")
    assert found.stdout == "s\nagain!\n" and "/reset" in found.stderr


def test_a_signal_to_end_in_an_answer_ends_the_program(echo: Echo):
    before = signal.getsignal(signal.SIGTERM)
    found = CliRunner().invoke(chat, ["RUN"], input="end\nnever\n")
    assert (found.exit_code, found.stdout) == (75, "e") and signal.getsignal(signal.SIGTERM) == before


def test_what_had_no_room_is_said(echo: Echo):
    echo.dropped, echo.lost = 1, 40
    found = CliRunner().invoke(chat, ["RUN"], input="hello\n")
    assert "the oldest 1 turn had no room" in found.stderr and "its first 40 tokens were not read" in found.stderr


def test_lines_are_read_whatever_bytes_they_have(echo: Echo):
    found = CliRunner().invoke(chat, ["RUN"], input=b"\xff\xfeb\xc3\xb6\n/no\nlast")
    assert found.exit_code == 0 and found.stdout == "\ufffd\ufffdb\u00f6!\n/no!\nlast!\n"


def test_on_a_terminal_words_that_are_no_command_are_not_asked(echo: Echo, monkeypatch: pytest.MonkeyPatch):
    lines = iter(["/unknown", "/etc/hosts?", "/exit"])
    monkeypatch.setattr("builtins.input", lambda prompt: next(lines))
    # CliRunner replaces standard input when it begins.
    monkeypatch.setattr("kerastune_ft.cli.chat._is_typed", lambda: True)
    found = CliRunner().invoke(chat, ["RUN"])
    assert found.stdout == "/etc/hosts?!\n"
    assert "/unknown is no command" in found.stderr and found.stderr.count("> ") == 3


def test_two_interrupts_end_the_program_unless_a_line_stands_between_them(echo: Echo, monkeypatch: pytest.MonkeyPatch):
    asked = iter([KeyboardInterrupt, "/help", KeyboardInterrupt, "", KeyboardInterrupt, "hello", "stop", "/exit"])
    typed = iter(["", "half a line", ""])

    def read(prompt: str) -> str:
        found = next(asked)
        if isinstance(found, str):
            return found
        raise found

    monkeypatch.setattr("builtins.input", read)
    monkeypatch.setattr("kerastune_ft.cli.chat._is_typed", lambda: True)
    monkeypatch.setattr("kerastune_ft.cli.chat._find_typed", lambda: next(typed))
    found = CliRunner().invoke(chat, ["RUN"])
    assert found.exit_code == 0 and found.stdout == "hello!\ns\n" and found.stderr.count("again to end") == 2

    asked, typed = iter([KeyboardInterrupt, KeyboardInterrupt, "never"]), iter(["", ""])
    assert CliRunner().invoke(chat, ["RUN"]).exit_code == 0 and list(asked) == ["never"]
