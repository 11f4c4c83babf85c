"""Standard streams that are closed, full, read by nobody or not in UTF-8: nothing said there ends what is under way."""

from __future__ import annotations

import contextlib
import datetime
import enum
import errno
import io
import os
import select
import shutil
import sys
from collections.abc import Callable
from typing import IO, Any, TextIO, cast

from kerastune_ft.notebook.speech import speak
from kerastune_ft.wording import wrap_words

_ERROR = 2


class Detail(enum.Enum):
    """How much is said on standard error besides errors."""

    QUIET = "nothing"
    USUAL = "progress and notes"
    VERBOSE = "progress and notes with their times, and more of them"


_detail = Detail.USUAL
_listener: Callable[[str], None] | None = None


def choose_detail(detail: Detail) -> Callable[[], None]:
    """Choose how much this process says; return the function that puts back what was chosen before."""
    global _detail
    before, _detail = _detail, detail

    def put_back() -> None:
        global _detail
        _detail = before

    return put_back


def is_quiet() -> bool:
    """Return whether progress and notes are left out."""
    return _detail is Detail.QUIET


def is_verbose() -> bool:
    """Return whether more is said than usually."""
    return _detail is Detail.VERBOSE


def mark_time(text: str) -> str:
    """Return a line with the local time before it where times are asked for, otherwise as it is."""
    return f"{datetime.datetime.now():%H:%M:%S} {text}" if is_verbose() else text


def say(text: str) -> None:
    """Print progress or a note on standard error, if it can be written to and nobody asked for quiet.

    On a terminal the line is broken between words; in a notebook it speaks Python.
    """
    if not is_quiet():
        (_listener or say_error)(speak(mark_time(text)))


def divert(listener: Callable[[str], None]) -> Callable[[], None]:
    """Give what is said to `listener` instead of standard error; return the function that puts back what was before."""
    global _listener
    before, _listener = _listener, listener

    def put_back() -> None:
        global _listener
        _listener = before

    return put_back


def say_error(text: str) -> None:
    """Print a line on standard error, if it can be written to, also where nothing but errors is said."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        if sys.stderr.isatty():
            text = fit_line(text, shutil.get_terminal_size().columns)
        # One call, so that lines of several threads do not mix; above a bar, where rich shows one.
        sys.stderr.write(f"{text}\n")
        sys.stderr.flush()


def fit_line(text: str, width: int) -> str:
    """Return a text broken between words into lines of at most `width` characters, those after the first indented."""
    return "\n".join(wrap_words(text, width, "  "))


def fit_message(text: str, width: int) -> str:
    """Return an error or a result of several lines broken between words; a command, to be pasted, is left whole.

    A line that is indented, as one in a list, goes on at a deeper indent.
    """
    lines = []
    for line in text.split("\n"):
        margin = line[: len(line) - len(line.lstrip())]
        is_command = line.strip().startswith(("python -", "next: ", "Check again with: "))
        lines += [line] if is_command else wrap_words(line, width, margin + ("    " if margin else "  "))
    return "\n".join(lines)


def error_stream() -> IO[str]:
    """Return the standard error of the moment of writing; what cannot be written there is lost without an error."""
    return cast(IO[str], _ErrorStream())


class _ErrorStream(io.TextIOBase):
    """A stream that is standard error at the moment of writing."""

    @property
    def encoding(self) -> str:  # type: ignore[override]
        """Return the encoding of the stream, such as `utf-8`."""
        return getattr(_find_stderr(), "encoding", None) or "utf-8"

    def isatty(self) -> bool:
        """Return whether the stream is a terminal."""
        with contextlib.suppress(OSError, ValueError, AttributeError):
            return bool(_find_stderr().isatty())
        return False

    def fileno(self) -> int:
        """Return the number of the file; raises OSError where there is none."""
        if sys.stderr is None:
            raise OSError(errno.EBADF, "standard error is closed")
        return int(_find_stderr().fileno())

    def writable(self) -> bool:
        """Return True: a line may always be handed over."""
        return True

    def write(self, text: str) -> int:
        """Write a text and return its length."""
        with contextlib.suppress(OSError, ValueError, AttributeError):
            _find_stderr().write(text)
        return len(text)

    def flush(self) -> None:
        """Write what is buffered."""
        with contextlib.suppress(OSError, ValueError, AttributeError):
            _find_stderr().flush()


def _find_stderr() -> Any:
    # While rich shows a bar, a stream of its own hands what is written to the console, which writes here.
    return getattr(sys.stderr, "rich_proxied_file", sys.stderr)


class _Output(io.FileIO):
    """Standard output or standard error of a process whose results do not depend on who reads them.

    Standard output ignores that its reader went away; standard error ignores every failure, since nobody can be told.
    """

    has_reader = True

    def __init__(self, number: int) -> None:
        """`number` is 1 or 2, or in tests that of another open file, which is left open."""
        super().__init__(number, "wb", closefd=False)
        # A terminal that is gone answers otherwise than a pipe that nobody reads.
        self._gone = errno.EIO if self.isatty() else errno.EPIPE

    def write(self, data: Any) -> int:
        """Write bytes and return how many are dealt with."""
        try:
            while (written := super().write(data)) is None:
                # Another program made the terminal or pipe non-blocking, and it is full at the moment.
                select.select([], [self], [])
        except OSError as error:
            if self.fileno() != _ERROR and error.errno != self._gone:
                raise
            self.has_reader = False
            return memoryview(data).nbytes
        return written


def prepare() -> None:
    """Make the standard streams of a process of our own safe to use: open, and able to hold every character.

    Streams that the process was started without read as empty and take everything, and no other file gets their
    numbers. Characters that the locale does not have are written as escapes such as `\\xe9`.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            # The lowest free number is taken, which is this one.
            os.open(os.devnull, os.O_RDWR)
    sys.stdin = sys.stdin or open(os.devnull, encoding="utf-8")  # noqa: SIM115  it lives as long as the process
    sys.stdout = _open_output(1, sys.stdout)
    sys.stderr = _open_output(_ERROR, sys.stderr)


def _open_output(number: int, before: TextIO | None) -> TextIO:
    # Python without buffers (-u) has none below the text either; with lines nobody waits for output.
    is_eager = any(getattr(before, name, False) for name in ("line_buffering", "write_through"))
    return io.TextIOWrapper(
        io.BufferedWriter(_Output(number)),
        encoding=getattr(before, "encoding", None) or "utf-8",
        errors="backslashreplace",
        line_buffering=number == _ERROR or is_eager,
    )


def require_reader() -> None:
    """Raise BrokenPipeError if the reader of standard output went away, as `head` does, so that work may stop."""
    output = getattr(getattr(sys.stdout, "buffer", None), "raw", None)
    if isinstance(output, _Output) and not output.has_reader:
        raise BrokenPipeError(errno.EPIPE, "nobody reads standard output any more")


def discard_unwritten() -> None:
    """Write what the streams of this process hold back, and give up what cannot be written.

    Python would try again at the end of the process, and turn its exit code into 120.
    """
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            with contextlib.suppress(OSError, ValueError):
                os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
                stream.flush()


def writes_utf8(stream: TextIO | None) -> bool:
    """Return whether a stream can hold every character as it is."""
    return (getattr(stream, "encoding", None) or "utf-8").lower().replace("-", "").startswith("utf8")
