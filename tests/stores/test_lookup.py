from __future__ import annotations

from pathlib import Path

from kerastune_ft.stores.lookup import count_present
from tests.support import store_filler


def test_rows_are_counted_without_opening_the_store(tmp_path: Path) -> None:
    names = store_filler.ids(20)
    with store_filler.open_store(tmp_path) as store:
        key = store.key
        assert count_present(tmp_path, key, names) == 0
        store_filler.fill(store, names[:8])
        assert count_present(tmp_path, key, names) == 8
    assert count_present(tmp_path, key, names[4:]) == 4
    assert count_present(tmp_path, key, [*names[:2], names[0]]) == 3
    assert count_present(tmp_path, "0" * 64, names) == 0


def test_a_damaged_shard_does_not_count(tmp_path: Path) -> None:
    names = store_filler.ids(8)
    with store_filler.open_store(tmp_path) as store:
        key = store.key
        store_filler.fill(store, names)
    for index in tmp_path.glob("*/shards/*.index"):
        index.write_bytes(index.read_bytes()[:-1])
    assert count_present(tmp_path, key, names) == 0
