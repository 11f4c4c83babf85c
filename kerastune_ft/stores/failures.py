"""Errors with a remedy for disk failures of the feature store."""

from __future__ import annotations

import contextlib
import errno
from collections.abc import Iterator
from pathlib import Path

from kerastune_ft.errors import OUT_OF_SPACE, ConfigError, Interrupted, KerasTuneError, ResourceError, describe_lack


@contextlib.contextmanager
def explain_failures(path: Path, needed: int = 0) -> Iterator[None]:
    """Turn an OSError at a path into an error with a remedy; `needed` is how many bytes were to be written."""
    try:
        yield
    except OSError as error:
        raise _explanation(path, error, needed) from error


def removed_error(path: Path) -> Interrupted:
    """Return the error for a store file that was removed while the store is in use."""
    return Interrupted(
        f"{path}, stored features that this process uses, was removed or truncated while in use; run the same "
        "command again: it recomputes them and continues"
    )


def _explanation(path: Path, error: OSError, needed: int) -> KerasTuneError:
    if error.errno in OUT_OF_SPACE:
        amount = f" ({needed:,} bytes)" if needed else ""
        return ResourceError(
            f"{describe_lack(error)} for stored features in {path}{amount}: free some, name a folder on a larger disk "
            'in runtime.cache_directory, give a smaller runtime.cache_budget, or write "cache": "off" in runtime; '
            "everything written before is intact"
        )
    if error.errno in (errno.ENOENT, errno.ESTALE):
        return removed_error(path)
    return unusable_error(path, error)


def unusable_error(path: Path, error: OSError) -> ConfigError:
    """Return the error for a folder in which no store can be created."""
    why = (error.strerror or str(error)).lower()
    return ConfigError(
        f"features cannot be stored in {path}: {why}; name a folder of a local disk that you may write to in "
        'runtime.cache_directory (or the environment variable KERASTUNE_CACHE), or write "cache": "off" in runtime'
    )
