from __future__ import annotations

import os
import threading
from pathlib import Path

import numpy as np
import pytest

from kerastune_ft.errors import ResourceError
from kerastune_ft.stores import rows as reading
from tests.support import store_filler


@pytest.fixture
def names() -> list[bytes]:
    return store_filler.ids(200)


def assert_holds(root: Path, names: list[bytes]) -> None:
    with store_filler.open_store(root) as store:
        order = np.random.default_rng(0).permutation(len(names))
        assert (store.rows(names)[order] == store_filler.rows(names)[order]).all()


def test_a_full_disk_is_an_error_that_leaves_nothing_half_written(
    tmp_path: Path, names: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    real, calls = os.write, []

    def write(descriptor: int, data: bytes) -> int:
        calls.append(len(data))
        if len(calls) > 5:
            raise OSError(28, "No space left on device")
        return real(descriptor, data)

    monkeypatch.setattr(os, "write", write)
    with store_filler.open_store(tmp_path) as store:
        with pytest.raises(
            ResourceError, match=r"no space left for stored features in .*shards \(576 bytes\): "
        ) as told:
            store_filler.fill(store, names)
        assert told.value.exit_code == 6
        for remedy in ("runtime.cache_directory", "runtime.cache_budget", '"cache": "off"'):
            assert remedy in str(told.value)
        assert len(list((store.path / "shards").iterdir())) == 4
        assert list((store.path / "claims").iterdir()) == []
        monkeypatch.undo()
        assert store.missing(names).sum() == 200 - 24
        assert len(store_filler.fill(store, names)) == 200 - 24
    assert_holds(tmp_path, names)


@pytest.mark.parametrize("name", ["fsync", "replace"])
def test_a_disk_that_fails_at_the_commit_leaves_no_shard(
    name: str, tmp_path: Path, names: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OSError(122, "Disk quota exceeded")

    with store_filler.open_store(tmp_path) as store:
        monkeypatch.setattr(os, name, fail)
        with pytest.raises(ResourceError):
            store_filler.fill(store, names)
        assert list((store.path / "shards").iterdir()) == []
        assert store.missing(names).all()


def test_a_block_takes_its_rows_and_no_others(tmp_path: Path, names: list[bytes]) -> None:
    with store_filler.open_store(tmp_path) as store:
        block = next(store.claim(names, 4))
        content = store_filler.rows(names[:12])
        for wrong in (content.astype(np.int64), content[0], content[:, :-1], np.concatenate([content, content])):
            with pytest.raises(ValueError, match=r"rows are|has no room"):
                block.write(wrong)
        block.write(content[:5])
        assert not block.is_full
        with pytest.raises(ValueError, match="5 of the 12 rows of a block are written"):
            block.commit()
        # Rows that do not lie side by side in memory are written all the same.
        block.write(np.asfortranarray(content[5:]))
        assert block.is_full
        block.commit()
        block.abandon()
        with pytest.raises(ValueError, match="has no room"):
            block.write(content)
        assert (store.rows(names[:12])[np.arange(12)] == content).all()


def test_blocks_are_committed_by_other_threads_and_read_by_many(
    tmp_path: Path, names: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "_OPEN_FILES", 3)
    with store_filler.open_store(tmp_path) as store:
        threads = []
        for block in store.claim(names, 1):
            block.write(store_filler.rows([names[position] for position in block.positions]))
            threads.append(threading.Thread(target=block.commit))
            threads[-1].start()
        for thread in threads:
            thread.join()
        stored, wrong = store.rows(names), []

        def read(seed: int) -> None:
            for positions in np.random.default_rng(seed).integers(0, 200, (100, 16)):
                if not (stored[positions] == store_filler.rows(names)[positions]).all():
                    wrong.append(seed)

        threads = [threading.Thread(target=read, args=(seed,)) for seed in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert wrong == []
