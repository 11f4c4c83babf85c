"""The feature store within one process: what goes in comes out, and nothing else ever does."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from kerastune_ft.errors import ConfigError, Interrupted
from tests.support import store_filler


@pytest.fixture
def names() -> list[bytes]:
    return store_filler.ids(200)


def assert_holds(root: Path, names: list[bytes]) -> None:
    with store_filler.open_store(root) as store:
        order = np.random.default_rng(0).permutation(len(names))
        assert (store.rows(names)[order] == store_filler.rows(names)[order]).all()


def test_rows_come_back_in_any_order_and_number(tmp_path: Path, names: list[bytes]) -> None:
    with store_filler.open_store(tmp_path) as store:
        assert store.is_new
        assert store.missing(names).all()
        assert sorted(store_filler.fill(store, names)) == list(range(200))
        assert not store.missing(names).any()
        stored = store.rows(names)
        assert len(stored) == 200
        for positions in ([], [7], [199, 0, 0, 5, 6, 7], range(200), range(199, -1, -1)):
            at = np.array(positions, np.int64)
            assert stored[at].dtype == np.uint8
            assert stored[at].shape == (len(at), store_filler.ROW_BYTES)
            assert (stored[at] == store_filler.rows(names)[at]).all()
    with store_filler.open_store(tmp_path) as store:
        assert not store.is_new
        assert store_filler.fill(store, names) == []
        assert (store.rows(names[::-2])[np.arange(100)] == store_filler.rows(names[::-2])).all()


def test_only_what_is_missing_is_computed(tmp_path: Path, names: list[bytes]) -> None:
    with store_filler.open_store(tmp_path) as store:
        store_filler.fill(store, names[::3])
        assert store.missing(names).sum() == 133
        with pytest.raises(KeyError, match="133 of 200 rows are not in the store"):
            store.rows(names)
        assert not {position % 3 for position in store_filler.fill(store, names)} - {1, 2}
        # Blocks are cut from what is missing, so that a few new examples make few and whole blocks.
        more = names + store_filler.ids(10, start=1000)
        blocks = [len(block.positions) for block in claim_and_abandon(store, more)]
        assert blocks == [4, 4, 2]
    assert_holds(tmp_path, names)


def claim_and_abandon(store: store_filler.FeatureStore, names: list[bytes]) -> list:
    blocks = []
    for block in store.claim(names, 4):
        blocks.append(block)
        block.abandon()
    return blocks


@pytest.mark.parametrize("count", [1, 3, 4, 5])
def test_a_few_rows_are_one_block(count: int, tmp_path: Path) -> None:
    with store_filler.open_store(tmp_path) as store:
        assert store_filler.fill(store, store_filler.ids(count)) == list(range(count))
        assert list((store.path / "claims").iterdir()) == []


def test_nothing_asked_for_is_nothing_to_do(tmp_path: Path) -> None:
    with store_filler.open_store(tmp_path) as store:
        assert store.missing([]).shape == (0,)
        assert list(store.claim([], 4)) == []
        assert store.rows([])[np.array([], np.int64)].shape == (0, store_filler.ROW_BYTES)


def test_every_part_and_the_length_of_rows_make_another_store(tmp_path: Path, names: list[bytes]) -> None:
    with store_filler.open_store(tmp_path) as store:
        store_filler.fill(store, names)
    keys = {store.key}
    for parts in ({"image_size": [32, 33]}, {"backbone": {"name": "tiny", "weights": "1"}}, {"more": None}):
        with store_filler.open_store(tmp_path, **parts) as other:
            assert other.missing(names).all()
            keys.add(other.key)
    with store_filler.FeatureStore(tmp_path, store_filler.PARTS, 49, {}, print) as other:
        keys.add(other.key)
    assert len(keys) == 5
    with store_filler.FeatureStore(tmp_path, dict(reversed(store_filler.PARTS.items())), 48, {}, print) as same:
        assert same.key == store.key


def test_a_place_that_cannot_hold_stores_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(
        ConfigError, match=r"file/features.*: not a directory; name a folder .* runtime\.cache_directory"
    ):
        store_filler.open_store(tmp_path / "file" / "features")
    with pytest.raises(ConfigError, match=r"/proc/nowhere/features.*: no such file or directory; name a folder"):
        store_filler.open_store(Path("/proc/nowhere/features"))


def test_a_store_removed_by_hand_while_it_is_read_says_so(tmp_path: Path, names: list[bytes]) -> None:
    with store_filler.open_store(tmp_path) as store:
        store_filler.fill(store, names)
        stored = store.rows(names)
        shutil.rmtree(store.path)
        with pytest.raises(Interrupted, match="was removed or truncated while in use; run the same command"):
            stored[np.arange(3)]
