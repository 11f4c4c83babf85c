"""The errors a user can meet, each with the exit code of the command line.

KerasTuneError
  ConfigError      2   the configuration or the command's words are wrong
  DataError        3   the data cannot be used as it is
  DivergedError    4   training produced NaN or infinity
  PromiseError     5   a check of the product's own promises failed
  ResourceError    6   out of memory or disk
  Interrupted     75   stopped from outside; the same command goes on
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


class KerasTuneError(Exception):
    """Base of every error that is explained to the user without a traceback."""

    exit_code = 1


class ConfigError(KerasTuneError):
    """The configuration, or the words of a command, cannot be carried out.

    `problems` holds what is wrong one by one, where a configuration was read; each has `to_json()`.
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
    """A promise of the product did not hold; the result must not be trusted."""

    exit_code = 5


class ResourceError(KerasTuneError):
    """Memory or disk ran out; retrying unchanged is useless."""

    exit_code = 6


class Interrupted(KerasTuneError):
    """Stopped by a signal or a time limit after saving; the same command goes on."""

    exit_code = 75
