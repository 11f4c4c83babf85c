"""The form in which a user wants predictions."""

from __future__ import annotations

from dataclasses import dataclass

from kerastune_ft.errors import ConfigError


@dataclass(frozen=True)
class OutputForm:
    """What rows of predictions are to hold."""

    top: int | None = None
    """The number of most probable classes in a row; None for a column for each class."""
    submission: str | None = None
    """The file of a sample submission, whose columns and rows are written; None for a row per input."""
    allow_errors: bool = False
    """Whether a submission keeps the sample's own answers for inputs that cannot be read."""

    def check(self) -> None:
        """Raise ConfigError for options that exclude each other."""
        if self.submission is not None and self.top is not None:
            raise ConfigError("--top has no effect with --submission, whose columns are the sample's; leave it out")
        if self.submission is None and self.allow_errors:
            raise ConfigError("--allow-errors is for --submission; without it a row says what could not be read")


PLAIN = OutputForm()
"""A row for each input, with a column for each class."""
