"""The errors that are shown to users, each with the exit code of the command line.

KerasTuneError
  ConfigError      2   the configuration or the command's arguments are wrong
  DataError        3   the data cannot be used as it is
  DivergedError    4   training produced NaN or infinity
  PromiseError     5   a check of the program's own guarantees failed
  ResourceError    6   out of memory or disk
  Interrupted     75   stopped from outside; the same command continues
"""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from kerastune_ft.notebook.speech import speak

OUT_OF_SPACE = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


class KerasTuneError(Exception):
    """Base of every error that is explained to the user without a traceback, in a notebook too.

    Its sentence speaks of commands where one is under way, and Python to programs and notebooks.
    """

    exit_code = 1

    @property
    def sentence(self) -> str:
        """The sentence as files of runs keep it, for whoever reads them later."""
        return super().__str__()

    def __str__(self) -> str:
        return speak(super().__str__())

    def _render_traceback_(self) -> list[str]:
        """Return the lines that IPython shows in the place of a traceback."""
        return f"{type(self).__name__}: {self}".splitlines()


class ConfigError(KerasTuneError):
    """The configuration, or the arguments of a command, are wrong.

    `problems` lists what is wrong in a configuration, one by one; each has `to_json()`.
    """

    exit_code = 2

    def __init__(self, message: str, problems: Sequence[Any] = ()) -> None:
        super().__init__(message)
        self.problems = tuple(problems)


class DataError(KerasTuneError):
    """The data cannot be used as it is."""

    exit_code = 3


class DivergedError(KerasTuneError):
    """Training produced NaN or infinity."""

    exit_code = 4


class PromiseError(KerasTuneError):
    """A guarantee of the program did not hold; the result must not be trusted."""

    exit_code = 5


class ResourceError(KerasTuneError):
    """Memory or disk ran out; retrying unchanged is useless."""

    exit_code = 6


class Interrupted(KerasTuneError):
    """Stopped by a signal or a time limit after saving; the same command continues."""

    exit_code = 75


@contextlib.contextmanager
def reword_errors(change: Callable[[str], str]) -> Iterator[None]:
    """Let errors pass with the sentence that `change` makes of theirs; all else of them stays."""
    try:
        yield
    except KerasTuneError as error:
        error.args = (change(error.sentence), *error.args[1:])
        raise


_INTACT = "everything written before is intact"
_SMALLER = "give a smaller image_size or sequence_length, or a smaller backbone"


# The status of oneDNN, whose kernels TensorFlow uses on CPUs, where it gets no memory.
_NO_PRIMITIVE = "Status: 1, message:"


def is_exhaustion(error: BaseException) -> bool:
    """Return whether an error means that memory ran out, on the host or on a device."""
    return (
        isinstance(error, MemoryError)
        or type(error).__name__ == "ResourceExhaustedError"
        or (type(error).__name__ == "AbortedError" and _NO_PRIMITIVE in str(error))
    )


# What a file system refuses although nothing is wrong with the program, and what can be done about it.
_REFUSALS = {
    errno.EACCES: "give this user the right to it, or name another place",
    errno.EPERM: "give this user the right to it, or name another place",
    errno.EROFS: "name a place that can be written to",
    errno.ENAMETOOLONG: "shorten it, or name another place",
    errno.ENOTDIR: "a part of that path is a file; name another place",
    errno.EISDIR: "a file is needed there; move the folder away, or name another place",
    errno.EEXIST: "move it away, or name another place",
    errno.ELOOP: "mend the symbolic links, or name another place",
    errno.ENOENT: "it may have been removed meanwhile; restore it, or name another",
}
_FAILURES = {
    errno.EIO, errno.ESTALE, errno.ENXIO, errno.ENODEV, errno.ETIMEDOUT, errno.EHOSTDOWN, errno.EHOSTUNREACH,
    errno.ENOTCONN, errno.EREMOTEIO,
}  # fmt: skip
# What the loader says where addresses run out.
_NO_ADDRESSES = ("failed to map segment", "annot allocate memory")
_LIMITS = {
    errno.EMFILE: "open files (ulimit -n)",
    errno.ENFILE: "open files of this machine",
    errno.ENOMEM: "memory",
    errno.EAGAIN: "processes and threads (ulimit -u)",
}


def describe_lack(error: OSError) -> str:
    """Return how a sentence begins about an error in `OUT_OF_SPACE`."""
    return f"no space left{' below the limit of file sizes (ulimit -f)' if error.errno == errno.EFBIG else ''}"


def explain_write(place: str | os.PathLike[str], error: OSError) -> KerasTuneError:
    """Return the error of a file that could not be written: of the disk where it is full, else of its place."""
    if error.errno in OUT_OF_SPACE:
        return ResourceError(f"{describe_lack(error)} for {os.fspath(place)}: free some, or name another place")
    return ConfigError(f"{os.fspath(place)} cannot be written: {error.strerror or error}; name another place")


def explain(error: Exception) -> KerasTuneError | None:
    """Return an error of memory, disk or file system as one with a remedy; None for one that only a fault explains."""
    if isinstance(error, OSError):
        return _explain_os_error(error)
    text = str(error)
    if is_exhaustion(error):
        return ResourceError(f"out of memory; {_SMALLER}. {_INTACT.capitalize()}")
    if isinstance(error, RuntimeError) and "can't start new thread" in text:
        return ResourceError(f"{text}: the limit of {_LIMITS[errno.EAGAIN]} is reached; raise it; {_INTACT}")
    if isinstance(error, ImportError) and any(sign in text for sign in _NO_ADDRESSES):
        return ResourceError(f"{text}: the limit of memory (ulimit -v) leaves no room for this library; raise it")
    return None


def _explain_os_error(error: OSError) -> KerasTuneError | None:
    number = error.errno or 0
    why = (error.strerror or str(error)).lower()
    if number in OUT_OF_SPACE:
        place = f" ({error.filename})" if error.filename is not None else ""
        return ResourceError(f"{describe_lack(error)}{place}: free some; {_INTACT}")
    if number in _LIMITS:
        return ResourceError(f"{why}: the limit of {_LIMITS[number]} is reached; raise it; {_INTACT}")
    if error.filename is None:
        return None
    place = error.filename2 if number == errno.EEXIST and error.filename2 else error.filename
    name = os.fsdecode(place) if isinstance(place, bytes) else str(place)
    if number in _FAILURES:
        return ResourceError(f"{name} cannot be reached: {why}; its disk or network failed; {_INTACT}")
    return ConfigError(f"{name}: {why}; {_REFUSALS[number]}") if number in _REFUSALS else None


@contextlib.contextmanager
def explain_exhaustion() -> Iterator[None]:
    """Turn errors of memory, disk and file system, which are no fault of the program, into errors with a remedy."""
    try:
        yield
    except KerasTuneError:
        raise
    except Exception as error:
        if (explained := explain(error)) is not None:
            raise explained from error
        raise


@contextlib.contextmanager
def explain_memory(where: str, remedy: str) -> Iterator[None]:
    """Turn an error of memory into a ResourceError: out of memory `where`; `remedy`."""
    try:
        yield
    except Exception as error:
        if is_exhaustion(error):
            raise ResourceError(f"out of memory {where}; {remedy}. {_INTACT.capitalize()}") from error
        raise
