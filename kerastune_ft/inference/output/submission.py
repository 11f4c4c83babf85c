"""A table to hand in, as competitions ask for: the columns, rows and ids of a sample, with predictions in it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from kerastune_ft.data.labels.scheme import LabelScheme
from kerastune_ft.data.tables.read import read_table
from kerastune_ft.data.tables.text_table import TextTable
from kerastune_ft.errors import ConfigError, DataError
from kerastune_ft.inference.items import Listing
from kerastune_ft.inference.output.own_columns import to_plain
from kerastune_ft.inference.output.submission_answers import choose_answers
from kerastune_ft.inference.output.submission_ids import match_ids
from kerastune_ft.storage import path_of_user
from kerastune_ft.wording import counted, lines

_SHOWN = 10


def read_sample(path: str) -> TextTable:
    """Return the table of a sample submission; raise DataError or ConfigError where it cannot be read."""
    try:
        return read_table(path_of_user(path))
    except (DataError, ConfigError) as error:
        raise type(error)(f"--submission: {str(error).removeprefix('data.path: ')}") from error


class Submission:
    """Predictions in the form of a sample: its columns, its rows in their order, its ids as they stand there."""

    def __init__(
        self, sample: TextTable, listings: Sequence[Listing], scheme: LabelScheme, positive: str | None, keeps: bool
    ) -> None:
        """Match the sample with the inputs; raise DataError where they do not fit.

        With `keeps` the sample's own answers stay where an input could not be read.
        """
        self._sample, self._keeps = sample, keeps
        # Lines of standard input are known when they are read.
        self.listings = [
            replace(listing, items=list(listing.items)) if listing.count is None else listing for listing in listings
        ]
        """The listings to predict on."""
        self._matching = match_ids(sample, self.listings)
        self._answers = choose_answers(sample, self._matching.column, scheme, positive)
        self.columns = tuple(sample.columns)
        self.notes = [
            f"{sample.path.name}: ids in {self._matching.column} are {self._matching.source} of the inputs; "
            f"{self._answers.description}"
        ]

    def fill(self, batches: Iterable[Sequence[Mapping[str, Any]]]) -> Iterator[list[dict[str, Any]]]:
        """Yield all rows of the submission at once, after all predictions; raise DataError for one with an error."""
        answers: list[dict[str, Any]] = []
        errors: list[tuple[str, str]] = []
        for row in (row for rows in batches for row in rows):
            if row["error"] is not None:
                errors.append((str(row["input"]), str(row["error"])))
            answers.append({} if row["error"] is not None else self._answers.fill(row))
        if errors and not self._keeps:
            raise DataError(
                f"{counted(len(errors), 'input')} of {len(answers):,} cannot be read, so that there is no submission; "
                "mend them, or keep the sample's own answers in their rows with --allow-errors:\n"
                + lines(errors, _SHOWN)
            )
        if errors:
            self.notes.append(
                f"{counted(len(errors), 'input')} cannot be read, and the sample's own answer stays:\n"
                + lines(errors, _SHOWN)
            )
        cells = {name: [to_plain(cell) for cell in cells] for name, cells in self._sample.cells.items()}
        yield [
            {name: column[row] for name, column in cells.items()} | answers[place]
            for row, place in enumerate(self._matching.places)
        ]
