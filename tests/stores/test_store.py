"""The feature store within one process: what goes in comes out, and nothing else ever does."""

from __future__ import annotations

import os
import shutil
import signal
import threading
from collections.abc import Callable
from pathlib import Path
from types import FrameType, SimpleNamespace

import numpy as np
import pytest

from kerastune_ft.errors import ConfigError, Interrupted, ResourceError
from kerastune_ft.stores import claims, shards
from kerastune_ft.stores import rows as reading
from kerastune_ft.stores.claims import block_rows
from kerastune_ft.stores.nearest import nearest
from tests.support import store_filler

MB = 1024 * 1024


@pytest.fixture
def names() -> list[bytes]:
    return store_filler.ids(200)


@pytest.fixture
def unknown(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Have this process forget which shards it has read, as a new one would."""
    return lambda: monkeypatch.setattr(shards, "_known", set())


def assert_holds(root: Path, names: list[bytes]) -> None:
    with store_filler.opened(root) as store:
        order = np.random.default_rng(0).permutation(len(names))
        assert (store.rows(names)[order] == store_filler.rows(names)[order]).all()


def test_rows_come_back_in_any_order_and_number(tmp_path: Path, names: list[bytes]) -> None:
    with store_filler.opened(tmp_path) as store:
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
    with store_filler.opened(tmp_path) as store:
        assert not store.is_new
        assert store_filler.fill(store, names) == []
        assert (store.rows(names[::-2])[np.arange(100)] == store_filler.rows(names[::-2])).all()


def test_only_what_is_missing_is_computed(tmp_path: Path, names: list[bytes]) -> None:
    with store_filler.opened(tmp_path) as store:
        store_filler.fill(store, names[::3])
        assert store.missing(names).sum() == 133
        with pytest.raises(KeyError, match="133 of 200 rows are not in the store"):
            store.rows(names)
        assert not {position % 3 for position in store_filler.fill(store, names)} - {1, 2}
        # Blocks are cut from what is missing, so that a few new examples make few and whole blocks.
        more = names + store_filler.ids(10, start=1000)
        blocks = [len(block.positions) for block in claimed_and_abandoned(store, more)]
        assert blocks == [4, 4, 2]
    assert_holds(tmp_path, names)


def claimed_and_abandoned(store: store_filler.FeatureStore, names: list[bytes]) -> list:
    blocks = []
    for block in store.claim(names, 4):
        blocks.append(block)
        block.abandon()
    return blocks


def test_ids_that_repeat_or_end_in_zeros_are_told_apart(tmp_path: Path) -> None:
    names = [bytes(32), b"\1" + bytes(31), bytes(31) + b"\1", bytes(32), b"\xff" * 32, b"\1" + bytes(31)]
    with store_filler.opened(tmp_path) as store:
        assert sorted(store_filler.fill(store, names)) == [0, 1, 2, 4]
        assert (store.rows(names)[np.arange(6)] == store_filler.rows(names)).all()
        assert list(store.missing([bytes(30) + b"\1\1", bytes(32)])) == [True, False]
        with pytest.raises(ValueError, match="a row id has 32 bytes"):
            store.missing([b"short"])


@pytest.mark.parametrize("count", [1, 3, 4, 5])
def test_a_few_rows_are_one_block(count: int, tmp_path: Path) -> None:
    with store_filler.opened(tmp_path) as store:
        assert store_filler.fill(store, store_filler.ids(count)) == list(range(count))
        assert list((store.path / "claims").iterdir()) == []


def test_nothing_asked_for_is_nothing_to_do(tmp_path: Path) -> None:
    with store_filler.opened(tmp_path) as store:
        assert store.missing([]).shape == (0,)
        assert list(store.claim([], 4)) == []
        assert store.rows([])[np.array([], np.int64)].shape == (0, store_filler.ROW_BYTES)


def test_every_part_and_the_length_of_rows_make_another_store(tmp_path: Path, names: list[bytes]) -> None:
    with store_filler.opened(tmp_path) as store:
        store_filler.fill(store, names)
    keys = {store.key}
    for parts in ({"image_size": [32, 33]}, {"backbone": {"name": "tiny", "weights": "1"}}, {"more": None}):
        with store_filler.opened(tmp_path, **parts) as other:
            assert other.missing(names).all()
            keys.add(other.key)
    with store_filler.FeatureStore(tmp_path, store_filler.PARTS, 49, {}, print) as other:
        keys.add(other.key)
    assert len(keys) == 5
    with store_filler.FeatureStore(tmp_path, dict(reversed(store_filler.PARTS.items())), 48, {}, print) as same:
        assert same.key == store.key


def test_what_differs_from_the_nearest_store_is_named(tmp_path: Path) -> None:
    assert nearest(tmp_path / "none", store_filler.PARTS) == []
    for parts in ({"image_size": [64, 64]}, {"image_size": [64, 64], "chunk": 8, "backbone": {"name": "other"}}):
        store_filler.opened(tmp_path, **parts).close()
    assert nearest(tmp_path, {**store_filler.PARTS, "chunk": 8}) == [
        "image_size: [32, 32] here, [64, 64] there",
        "chunk: 8 here, nothing there",
    ]
    weights = {"name": "tiny", "weights": "f" * 64}
    assert nearest(tmp_path, {"backbone": weights, "image_size": (64, 64)}) == [
        f'backbone.weights: "{"f" * 22}… here, "{"0" * 22}… there'
    ]


def truncated(rows: Path) -> str:
    os.truncate(rows, rows.stat().st_size - 1)
    return f"{rows.name} has 575 bytes, and not 576"


def altered(rows: Path) -> str:
    content = bytearray(rows.read_bytes())
    content[100] ^= 1
    rows.write_bytes(content)
    return f"{rows.name} was altered"


def altered_index(rows: Path) -> str:
    index = rows.with_suffix(".index")
    content = bytearray(index.read_bytes())
    content[-40] ^= 1
    index.write_bytes(content)
    return f"the index of {rows.name} is damaged"


def empty_index(rows: Path) -> str:
    rows.with_suffix(".index").write_bytes(b"")
    return f"the index of {rows.name} is damaged"


def without_rows(rows: Path) -> str:
    rows.unlink()
    return f"{rows.name} cannot be read (no such file or directory)"


@pytest.mark.parametrize("damage", [truncated, altered, altered_index, empty_index, without_rows])
def test_a_damaged_shard_is_told_removed_and_computed_again(
    damage: Callable[[Path], str], tmp_path: Path, names: list[bytes], unknown: Callable[[], None]
) -> None:
    with store_filler.opened(tmp_path) as store:
        store_filler.fill(store, names)
    # The last block is shorter than the others.
    hurt = next(path for path in (store.path / "shards").glob("*.rows") if path.stat().st_size == 576)
    problem = damage(hurt)
    unknown()
    told: list[str] = []
    with store_filler.opened(tmp_path, told) as store:
        missing = store.missing(names)
        assert told == [f"stored features in {store.path} are damaged: {problem}; they are computed again"]
        assert not hurt.exists()
        assert not hurt.with_suffix(".index").exists()
        assert missing.sum() == 12
        assert store_filler.fill(store, names) == np.flatnonzero(missing).tolist()
    assert len(told) == 1
    assert_holds(tmp_path, names)


def test_a_shard_of_another_store_is_not_taken(tmp_path: Path, names: list[bytes]) -> None:
    with store_filler.opened(tmp_path) as store, store_filler.opened(tmp_path, image_size=[1, 1]) as other:
        store_filler.fill(store, names)
        shutil.copytree(store.path / "shards", other.path / "shards", dirs_exist_ok=True)
        assert other.missing(names).all()


def test_a_damaged_record_is_written_by_nobody_and_costs_no_rows(tmp_path: Path, names: list[bytes]) -> None:
    with store_filler.opened(tmp_path) as store:
        store_filler.fill(store, names)
    (store.path / "store.json").write_text("{")
    assert_holds(tmp_path, names)


@pytest.mark.parametrize(
    ("rows", "multiple", "row_bytes", "expected"),
    [
        (5, 32, 100, 32),
        (1000, 32, 25_000, 32),
        (2500, 32, 25_000, 128),
        (100_000, 32, 25_000, 2656),
        (100_000, 32, 800_000, 416),
        (10_000, 8, 300 * MB, 40),
        (64, 1, 1, 4),
    ],
)
def test_blocks_are_many_enough_and_small_enough(rows: int, multiple: int, row_bytes: int, expected: int) -> None:
    size = block_rows(rows, multiple, row_bytes)
    assert size == expected
    assert size % multiple == 0
    assert -(-rows // size) <= 256


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
    with store_filler.opened(tmp_path) as store:
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

    with store_filler.opened(tmp_path) as store:
        monkeypatch.setattr(os, name, fail)
        with pytest.raises(ResourceError):
            store_filler.fill(store, names)
        assert list((store.path / "shards").iterdir()) == []
        assert store.missing(names).all()


def test_a_place_that_cannot_hold_stores_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(
        ConfigError, match=r"file/features.*: not a directory; name a folder .* runtime\.cache_directory"
    ):
        store_filler.opened(tmp_path / "file" / "features")
    with pytest.raises(ConfigError, match=r"/proc/nowhere/features.*: no such file or directory; name a folder"):
        store_filler.opened(Path("/proc/nowhere/features"))


def test_a_store_removed_by_hand_while_it_is_read_says_so(tmp_path: Path, names: list[bytes]) -> None:
    with store_filler.opened(tmp_path) as store:
        store_filler.fill(store, names)
        stored = store.rows(names)
        shutil.rmtree(store.path)
        with pytest.raises(Interrupted, match="was removed or cut short meanwhile; the same command"):
            stored[np.arange(3)]


def test_a_block_takes_its_rows_and_no_others(tmp_path: Path, names: list[bytes]) -> None:
    with store_filler.opened(tmp_path) as store:
        block = next(store.claim(names, 4))
        content = store_filler.rows(names[:12])
        for wrong in (content.astype(np.int64), content[0], content[:, :-1], np.concatenate([content, content])):
            with pytest.raises(ValueError, match=r"rows are|takes no"):
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
        with pytest.raises(ValueError, match="takes no"):
            block.write(content)
        assert (store.rows(names[:12])[np.arange(12)] == content).all()


def test_blocks_are_committed_by_other_threads_and_read_by_many(
    tmp_path: Path, names: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "_OPEN_FILES", 3)
    with store_filler.opened(tmp_path) as store:
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


def test_reading_goes_on_where_the_system_stopped(
    tmp_path: Path, names: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    with store_filler.opened(tmp_path) as store:
        store_filler.fill(store, names)
        real = os.preadv
        monkeypatch.setattr(os, "preadv", lambda file, buffers, at: real(file, [buffers[0][:17]], at))
        assert (store.rows(names)[np.arange(200)] == store_filler.rows(names)).all()


def do_while_waiting(monkeypatch: pytest.MonkeyPatch, action: Callable[[], object]) -> None:
    """Do something once, as soon as a store waits for a block of another process."""
    actions = [action]

    def pause(seconds: float) -> None:
        if actions:
            actions.pop()()

    monkeypatch.setattr(claims, "time", SimpleNamespace(sleep=pause))


@pytest.mark.parametrize("ending", ["commit", "abandon"])
def test_a_block_of_another_is_waited_for(
    ending: str, tmp_path: Path, names: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    with store_filler.opened(tmp_path) as one, store_filler.opened(tmp_path) as other:
        block = next(one.claim(names, 4))
        content = store_filler.rows([names[position] for position in block.positions])

        def end() -> None:
            block.write(content)
            getattr(block, ending)()

        do_while_waiting(monkeypatch, end)
        computed = store_filler.fill(other, names)
        mine = set(block.positions.tolist())
        assert len(computed) == len(set(computed)) == (188 if ending == "commit" else 200)
        assert (mine & set(computed)) == (set() if ending == "commit" else mine)
        assert list((one.path / "claims").iterdir()) == []
    assert_holds(tmp_path, names)


def test_waiting_ends_with_a_signal_and_when_the_store_is_closed(
    tmp_path: Path, names: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(number: int, frame: FrameType | None) -> None:
        raise Interrupted("stopped")

    before = signal.signal(signal.SIGALRM, stop)
    try:
        with store_filler.opened(tmp_path) as one, store_filler.opened(tmp_path) as other:
            block = next(one.claim(names, 4))
            do_while_waiting(monkeypatch, lambda: signal.raise_signal(signal.SIGALRM))
            with pytest.raises(Interrupted):
                store_filler.fill(other, names)
            do_while_waiting(monkeypatch, other.close)
            assert store_filler.fill(other, names) == []
            block.abandon()
    finally:
        signal.signal(signal.SIGALRM, before)


def test_a_process_that_hangs_can_be_passed_over(tmp_path: Path, names: list[bytes]) -> None:
    with store_filler.opened(tmp_path) as one, store_filler.opened(tmp_path) as other:
        held = list(one.claim(names, 4, waits=False))
        assert list(other.claim(names, 4, waits=False)) == []
        for block in other.claim(names, 4, waits=False, alone=True):
            block.write(store_filler.rows([names[position] for position in block.positions]))
            block.commit()
        assert not other.missing(names).any()
        # It wakes up, and its rows come a second time.
        for block in held:
            block.write(store_filler.rows([names[position] for position in block.positions]))
            block.commit()
    assert_holds(tmp_path, names)


def test_a_folder_in_the_place_of_rows_is_damage(tmp_path: Path, names: list[bytes]) -> None:
    with store_filler.opened(tmp_path) as store:
        store_filler.fill(store, names)
    rows = next(tmp_path.glob("*/shards/*.rows"))
    rows.unlink()
    rows.mkdir()
    (rows / "file").write_text("")
    with store_filler.opened(tmp_path) as store:
        assert store.missing(names).any()
        store_filler.fill(store, names)
    assert_holds(tmp_path, names)
