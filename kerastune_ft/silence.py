"""Keeping what libraries print while they are imported, before they have a log, off standard error."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator


@contextlib.contextmanager
def silent_import() -> Iterator[None]:
    """Discard what is written to standard error meanwhile, by C++ code too, unless TF_CPP_MIN_LOG_LEVEL asks for it."""
    if os.environ.get("TF_CPP_MIN_LOG_LEVEL", "3") < "2":
        yield
        return
    sys.stderr.flush()
    kept = os.dup(2)
    with open(os.devnull, "wb") as nowhere:
        os.dup2(nowhere.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(kept, 2)
            os.close(kept)
