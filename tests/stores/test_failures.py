from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from kerastune_ft.errors import ConfigError, Interrupted, ResourceError
from kerastune_ft.stores.failures import explain_failures


@pytest.mark.parametrize(
    ("number", "error", "remedy"),
    [
        (errno.ENOSPC, ResourceError, r"no space left .* /cache \(1,234 bytes\): free some"),
        (errno.ENOENT, Interrupted, "/cache, .* was removed or truncated"),
        (errno.ESTALE, Interrupted, "run the same command again"),
        (errno.EACCES, ConfigError, "cannot be stored in /cache: permission denied; name a folder"),
    ],
)
def test_what_the_system_refuses_has_a_remedy(number: int, error: type[Exception], remedy: str) -> None:
    with pytest.raises(error, match=remedy), explain_failures(Path("/cache"), needed=1234):
        raise OSError(number, os.strerror(number))


def test_other_errors_pass() -> None:
    with pytest.raises(KeyError), explain_failures(Path("/cache")):
        raise KeyError
