"""The form in which a user wants predictions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

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
    calibrated: bool = False
    """Whether probabilities are those with the temperature of the run."""
    coverage: float | None = None
    """The probability with which a set of classes, or an interval of values, is to hold the truth; None for none."""
    generate: tuple[tuple[str, Any], ...] = ()
    """How texts are written, where that is not to be as the run has it: values by the names of `task.generate`, and
    `seed`."""
    threshold: float | None = None
    """The score from which on a box is answered, of every class; None for the thresholds of the run."""
    pictures: bool = False
    """Whether rows have the pixels of their picture, to draw upon."""

    def check(self) -> None:
        """Raise ConfigError for options that exclude each other."""
        if self.submission is not None and self.top is not None:
            raise ConfigError("--top has no effect with --submission, whose columns are the sample's; leave it out")
        if self.submission is not None and self.coverage is not None:
            raise ConfigError(
                "--coverage has no effect with --submission, whose columns are the sample's; leave it out"
            )
        if self.coverage is not None and not 0 < self.coverage < 1:
            raise ConfigError(f"--coverage: a coverage lies between 0 and 1, as 0.9, and is not {self.coverage:g}")
        if self.threshold is not None and not 0 <= self.threshold <= 1:
            raise ConfigError(f"--threshold: a score lies between 0 and 1, as 0.3, and is not {self.threshold:g}")
        if self.submission is None and self.allow_errors:
            raise ConfigError("--allow-errors is for --submission; without it a row says what could not be read")


PICTURE = "picture"
"""The cell of a row with the pixels of its picture, uint8 [height, width, 3], or None."""

PLAIN = OutputForm()
"""A row for each input, with a column for each class."""
