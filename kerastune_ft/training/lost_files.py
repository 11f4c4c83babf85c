"""Files that go away while a run reads them: named to the user, not left to a traceback of the input pipeline."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from typing import Protocol

import tensorflow as tf

from kerastune_ft.errors import DataError
from kerastune_ft.wording import counted, lines

# These say nothing about a file.
_OTHER = (tf.errors.ResourceExhaustedError, tf.errors.CancelledError)


class Files(Protocol):
    """Files that were read when a run began, and are read again."""

    @property
    def place(self) -> str:
        """Return the key of the configuration that names them."""

    @property
    def keys(self) -> Sequence[str]:
        """Return their names."""

    def find_lost(self) -> list[tuple[str, str]]:
        """Return those that can no longer be read as they were, each with what became of it."""


@contextlib.contextmanager
def naming_lost_files(*of: Files | None) -> Iterator[None]:
    """Turn a failure of the input pipeline into a DataError where one of these can no longer be read."""
    try:
        yield
    except _OTHER:
        raise
    except tf.errors.OpError as error:
        for files in of:
            if files is not None and (lost := files.find_lost()):
                raise DataError(
                    f"{files.place}: {counted(len(lost), 'file')} of {len(files.keys)} could be read when the data was "
                    f"opened and cannot be now:\n{lines(lost)}\nPut back what was there, then give the same command "
                    "again."
                ) from error
        raise
