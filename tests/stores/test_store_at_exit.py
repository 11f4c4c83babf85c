"""A program that ends while it reads from a store ends without a word."""

from __future__ import annotations

import gc
import os
from pathlib import Path

import numpy as np
import pytest

from kerastune_ft.stores import rows as reading
from tests.support.store_filler import fill, ids, open_store


def test_files_are_closed_when_the_modules_are_gone_already(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = Path("/proc/self/fd")
    if not files.exists():
        pytest.skip("this system does not tell which files are open")
    with open_store(tmp_path) as store:
        fill(store, ids(8))
        rows = store.rows(ids(8))
    # What other tests left open is closed now, and not below.
    gc.collect()
    before = len(list(files.iterdir()))
    rows[np.arange(8)]
    assert len(list(files.iterdir())) > before
    with monkeypatch.context() as ending:
        # As the interpreter leaves it at the end of a program.
        ending.setattr(reading, "os", None)
        del rows
        gc.collect()
    assert len(os.listdir(files)) == before
