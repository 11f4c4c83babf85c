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
from collections.abc import Iterator, Sequence
from typing import Any

OUT_OF_SPACE = {28, 122}  # ENOSPC, EDQUOT


class KerasTuneError(Exception):
    """Base of every error that is explained to the user without a traceback."""

    exit_code = 1


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


_INTACT = "everything written before is intact"
_MEMORY = (
    'out of memory; halve "batch_size" and double "accumulate" of the phase: the same result in half the memory. '
    f"{_INTACT[0].upper()}{_INTACT[1:]}"
)


@contextlib.contextmanager
def explain_exhaustion() -> Iterator[None]:
    """Turn any error that means out of memory or disk space into a ResourceError with a remedy."""
    try:
        yield
    except MemoryError as error:
        raise ResourceError(_MEMORY) from error
    except OSError as error:
        if error.errno in OUT_OF_SPACE:
            raise ResourceError(f"no space left ({error.filename or error}): free some; {_INTACT}") from error
        raise
    except Exception as error:
        if type(error).__name__ == "ResourceExhaustedError":
            raise ResourceError(_MEMORY) from error
        raise
