from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from tests.support import store_filler


@pytest.fixture
def names() -> list[bytes]:
    return store_filler.ids(200)


def test_ids_that_repeat_or_end_in_zeros_are_told_apart(tmp_path: Path) -> None:
    names = [bytes(32), b"\1" + bytes(31), bytes(31) + b"\1", bytes(32), b"\xff" * 32, b"\1" + bytes(31)]
    with store_filler.open_store(tmp_path) as store:
        assert sorted(store_filler.fill(store, names)) == [0, 1, 2, 4]
        assert (store.rows(names)[np.arange(6)] == store_filler.rows(names)).all()
        assert list(store.missing([bytes(30) + b"\1\1", bytes(32)])) == [True, False]
        with pytest.raises(ValueError, match="a row id has 32 bytes"):
            store.missing([b"short"])


def test_reading_goes_on_where_the_system_stopped(
    tmp_path: Path, names: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    with store_filler.open_store(tmp_path) as store:
        store_filler.fill(store, names)
        real = os.preadv
        monkeypatch.setattr(os, "preadv", lambda file, buffers, at: real(file, [buffers[0][:17]], at))
        assert (store.rows(names)[np.arange(200)] == store_filler.rows(names)).all()
