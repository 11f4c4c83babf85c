"""Files that go away while a run reads them: named to the user, not left to a traceback of the input pipeline."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import tensorflow as tf

from kerastune_ft.data.source import DataSource
from kerastune_ft.errors import DataError
from kerastune_ft.wording import counted, lines

# These say nothing about a file.
_OTHER = (tf.errors.ResourceExhaustedError, tf.errors.CancelledError)


@contextlib.contextmanager
def naming_lost_files(source: DataSource) -> Iterator[None]:
    """Turn a failure of the input pipeline into a DataError where examples can no longer be read."""
    try:
        yield
    except _OTHER:
        raise
    except tf.errors.OpError as error:
        lost = source.find_lost()
        if not lost:
            raise
        raise DataError(
            f"data.path: {counted(len(lost), 'file')} of {len(source.keys)} could be read when the data was opened and "
            f"cannot be now:\n{lines(lost)}\nPut back what was there, then give the same command again."
        ) from error
