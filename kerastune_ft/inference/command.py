"""What the command `predict` does around the predictions: where its inputs come from and where its rows go."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from kerastune_ft.errors import ConfigError
from kerastune_ft.inference.rows import form_of, row_writer, whole_file

_STANDARD_INPUT = "-"


@dataclass(frozen=True)
class Told:
    """What came of a command: how many inputs there were, and how many could not be read."""

    inputs: int
    errors: int
    output: str | None

    def __str__(self) -> str:
        if not self.inputs:
            return "there was no input at all"
        place = f" in {self.output}" if self.output else ""
        bad = f"{self.errors} of {self.inputs} inputs could not be read; see the column error{place}"
        good = f"predictions for {self.inputs - self.errors} of {self.inputs} inputs{place}"
        return bad if self.errors == self.inputs else f"{good}; {bad}" if self.errors else good


def checked(inputs: Sequence[str], output: str | None, form: str | None, as_json: bool) -> str:
    """Return the form to write, or raise ConfigError for words that do not go together."""
    if inputs.count(_STANDARD_INPUT) > 1:
        raise ConfigError("- is given twice, and standard input can be read once; give it once")
    if output is not None:
        if form is not None:
            raise ConfigError("--format is for standard output; the end of --output's name says what is written there")
        return form_of(output)
    if form is not None and as_json:
        raise ConfigError("--format has no effect with --json, which prints one JSON array; give one of them")
    return "json" if as_json else form or "csv"


def opened(inputs: Sequence[str]) -> list[Any]:
    """Return the inputs, with standard input for `-`."""
    return [sys.stdin.buffer if text == _STANDARD_INPUT else text for text in inputs]


def write(columns: Sequence[str], batches: Iterable[list[dict[str, Any]]], output: str | None, form: str) -> Told:
    """Write rows as they come, to a file or to standard output, and count them."""
    inputs = errors = 0
    with contextlib.ExitStack() as stack:
        stream = stack.enter_context(whole_file(output)) if output else sys.stdout.buffer
        writer = row_writer(form, stream, columns)
        for rows in batches:
            writer.write(rows)
            inputs += len(rows)
            errors += sum(row["error"] is not None for row in rows)
        writer.close()
    return Told(inputs, errors, output)
