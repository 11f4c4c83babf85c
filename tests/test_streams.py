from __future__ import annotations

import io
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from kerastune_ft import streams
from kerastune_ft.streams import Detail, choose_detail, error_stream, say, say_error
from tests.support.places import import_environment


class Full(io.StringIO):
    """A stream that nothing can be written to."""

    def write(self, text: str) -> int:
        raise OSError(28, "No space left on device")


@pytest.mark.parametrize("stream", [None, Full(), open(os.devnull)], ids=["none", "full", "for reading"])  # noqa: SIM115
def test_what_cannot_be_said_is_no_error(stream: io.TextIOBase | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", stream)
    say("lost")
    assert error_stream().isatty() is False
    assert error_stream().encoding


def test_a_line_is_said_where_standard_error_is_at_that_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    held = error_stream()
    monkeypatch.setattr(sys, "stderr", now := io.StringIO())
    say("first")
    print("second", file=held)
    assert now.getvalue() == "first\nsecond\n"


def run_script(script: str, redirection: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a script in bash with streams as `redirection` has them; exit codes of a pipe are those of its first part."""
    command = f'"$PROGRAM" -c "$SCRIPT" {redirection}; exit ${{PIPESTATUS[0]}}'
    environment = import_environment(PROGRAM=sys.executable, SCRIPT=script, **variables)
    return subprocess.run(["bash", "-c", command], capture_output=True, text=True, env=environment, check=False)


PREPARED = "import os, sys\nfrom kerastune_ft import streams\nstreams.prepare()\n"


def test_no_other_file_gets_the_number_of_a_closed_stream(tmp_path: Path) -> None:
    file = tmp_path / "said"
    script = PREPARED + (
        "assert sys.stdin.read() == ''\n"
        "print('lost'); sys.stderr.write('lost')\n"
        f"with open({str(file)!r}, 'w') as file:\n"
        "    assert file.fileno() > 2\n"
        "    os.write(1, b'x'); os.write(2, b'x')\n"
        "    file.write('kept')\n"
        "streams.discard_unwritten()"
    )
    assert run_script(script, "<&- >&- 2>&-").returncode == 0
    assert file.read_text() == "kept"


def test_a_reader_that_goes_away_is_noticed_and_no_error() -> None:
    script = PREPARED + (
        "import time\n"
        "try:\n"
        "    while True:\n"
        "        print('line', flush=True)\n"
        "        streams.require_reader()\n"
        "except BrokenPipeError:\n"
        "    sys.stderr.write('nobody reads')\n"
    )
    done = run_script(script, "| head -1")
    assert (done.returncode, done.stdout, done.stderr) == (0, "line\n", "nobody reads")


def test_a_full_output_is_an_error_and_a_full_standard_error_is_not() -> None:
    assert run_script(PREPARED + "sys.stderr.write('x')", "2>/dev/full").returncode == 0
    script = PREPARED + (
        "try:\n"
        "    print('x', flush=True)\n"
        "except OSError as error:\n"
        "    streams.discard_unwritten()\n"
        "    sys.exit(error.errno)"
    )
    done = run_script(script, ">/dev/full")
    assert (done.returncode, done.stderr) == (28, "")


def test_characters_that_the_locale_lacks_are_escaped() -> None:
    done = run_script(PREPARED + "print('caf\\xe9 \\udcff')", "", PYTHONIOENCODING="ascii")
    assert (done.returncode, done.stdout) == (0, "caf\\xe9 \\udcff\n")
    done = run_script(PREPARED + "print('caf\\xe9 \\udcff')", "", PYTHONIOENCODING="utf-8")
    assert (done.returncode, done.stdout) == (0, "caf\xe9 \\udcff\n")


def test_a_pipe_that_does_not_block_is_waited_for() -> None:
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    got: list[bytes] = []
    text = "x" * 1_000_000

    def read() -> None:
        while part := os.read(reading, 65536):
            got.append(part)

    thread = threading.Thread(target=read)
    thread.start()
    with io.BufferedWriter(streams._Output(writing)) as stream:
        stream.write(text.encode())
    os.close(writing)
    thread.join()
    os.close(reading)
    assert b"".join(got) == text.encode()


@pytest.mark.parametrize(
    ("encoding", "expected"), [("utf-8", True), ("UTF8", True), ("ascii", False), ("latin-1", False)]
)
def test_which_streams_hold_every_character(encoding: str, expected: bool) -> None:
    assert streams.writes_utf8(io.TextIOWrapper(io.BytesIO(), encoding=encoding)) == expected


def test_a_terminal_that_goes_away_is_no_error() -> None:
    reading, writing = os.openpty()
    stream = io.BufferedWriter(streams._Output(writing))
    stream.write(b"seen\n")
    stream.flush()
    assert os.read(reading, 100) == b"seen\r\n"
    os.close(reading)
    stream.write(b"lost")
    stream.close()
    os.close(writing)


def test_quiet_leaves_errors_and_what_was_chosen_is_put_back(capsys: pytest.CaptureFixture[str]) -> None:
    put_back = choose_detail(Detail.QUIET)
    assert streams.is_quiet()
    say("progress")
    say_error("an error")
    assert capsys.readouterr().err == "an error\n"
    put_back()
    say("progress")
    assert capsys.readouterr().err == "progress\n"
    assert not streams.is_quiet() and not streams.is_verbose()


def test_what_is_said_can_go_elsewhere(capsys: pytest.CaptureFixture[str]) -> None:
    heard: list[str] = []
    put_back = streams.divert(heard.append)
    streams.say("one")
    put_back()
    streams.say("two")
    assert heard == ["one"]
    assert capsys.readouterr().err == "two\n"


def test_messages_are_broken_between_words_and_commands_are_not() -> None:
    command = "python -m kerastune_ft run a.json --set phases.head.learning_rate=0.003 --run-dir runs/a"
    listed = "  3:60  a.key  unknown key; allowed are kind, name"
    text = "\n".join(["one two three four five six seven", listed, f"    {command}", f"next: {command}"])
    assert streams.fit_message(text, 24).split("\n") == [
        "one two three four five", "  six seven",
        "  3:60  a.key  unknown", "      key; allowed are", "      kind, name",
        f"    {command}", f"next: {command}",
    ]  # fmt: skip
    assert streams.fit_message(text, 400) == text
