"""What to tell a user whose disk fails the feature store."""

from __future__ import annotations

import contextlib
import errno
from collections.abc import Iterator
from pathlib import Path

from kerastune_ft.errors import OUT_OF_SPACE, ConfigError, Interrupted, KerasTuneError, ResourceError


@contextlib.contextmanager
def explained(path: Path, needed: int = 0) -> Iterator[None]:
    """Turn what the operating system refuses at a path into an error with a remedy; `needed` bytes were to come."""
    try:
        yield
    except OSError as error:
        raise _explanation(path, error, needed) from error


def vanished(path: Path) -> Interrupted:
    """Return the error for a file of a store that is gone though the store is in use."""
    return Interrupted(
        f"{path}, stored features that this process uses, was removed or cut short meanwhile; the same command "
        "computes them again and goes on"
    )


def _explanation(path: Path, error: OSError, needed: int) -> KerasTuneError:
    if error.errno in OUT_OF_SPACE:
        amount = f" ({needed:,} bytes)" if needed else ""
        return ResourceError(
            f"no space left for stored features in {path}{amount}: free some, name a folder on a larger disk in "
            'runtime.cache_directory, give a smaller runtime.cache_budget, or write "cache": "off" in runtime; '
            "everything written before is intact"
        )
    if error.errno in (errno.ENOENT, errno.ESTALE):
        return vanished(path)
    return unusable(path, error)


def unusable(path: Path, error: OSError) -> ConfigError:
    """Return the error for a place where no store can be."""
    why = (error.strerror or str(error)).lower()
    return ConfigError(
        f"features cannot be stored in {path}: {why}; name a folder of a local disk that you may write to in "
        'runtime.cache_directory (or the environment variable KERASTUNE_CACHE), or write "cache": "off" in runtime'
    )
