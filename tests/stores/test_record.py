from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.support import store_filler


@pytest.fixture
def names() -> list[bytes]:
    return store_filler.ids(200)


def assert_holds(root: Path, names: list[bytes]) -> None:
    with store_filler.open_store(root) as store:
        order = np.random.default_rng(0).permutation(len(names))
        assert (store.rows(names)[order] == store_filler.rows(names)[order]).all()


def test_a_damaged_record_is_written_by_nobody_and_costs_no_rows(tmp_path: Path, names: list[bytes]) -> None:
    with store_filler.open_store(tmp_path) as store:
        store_filler.fill(store, names)
    (store.path / "store.json").write_text("{")
    assert_holds(tmp_path, names)
