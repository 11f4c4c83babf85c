from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from kerastune_ft.stores import shards
from tests.support import store_filler


@pytest.fixture
def names() -> list[bytes]:
    return store_filler.ids(200)


@pytest.fixture
def unknown(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Have this process forget which shards it has read, as a new one would."""
    return lambda: monkeypatch.setattr(shards, "_known", set())


def assert_holds(root: Path, names: list[bytes]) -> None:
    with store_filler.open_store(root) as store:
        order = np.random.default_rng(0).permutation(len(names))
        assert (store.rows(names)[order] == store_filler.rows(names)[order]).all()


def truncate(rows: Path) -> str:
    os.truncate(rows, rows.stat().st_size - 1)
    return f"{rows.name} has 575 bytes, not 576"


def alter(rows: Path) -> str:
    content = bytearray(rows.read_bytes())
    content[100] ^= 1
    rows.write_bytes(content)
    return f"{rows.name} was changed"


def alter_index(rows: Path) -> str:
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


@pytest.mark.parametrize("damage", [truncate, alter, alter_index, empty_index, without_rows])
def test_a_damaged_shard_is_told_removed_and_computed_again(
    damage: Callable[[Path], str], tmp_path: Path, names: list[bytes], unknown: Callable[[], None]
) -> None:
    with store_filler.open_store(tmp_path) as store:
        store_filler.fill(store, names)
    # The last block is shorter than the others.
    hurt = next(path for path in (store.path / "shards").glob("*.rows") if path.stat().st_size == 576)
    problem = damage(hurt)
    unknown()
    told: list[str] = []
    with store_filler.open_store(tmp_path, told) as store:
        missing = store.missing(names)
        assert told == [f"stored features in {store.path} are damaged: {problem}; they will be computed again"]
        assert not hurt.exists()
        assert not hurt.with_suffix(".index").exists()
        assert missing.sum() == 12
        assert store_filler.fill(store, names) == np.flatnonzero(missing).tolist()
    assert len(told) == 1
    assert_holds(tmp_path, names)


def test_a_shard_of_another_store_is_not_taken(tmp_path: Path, names: list[bytes]) -> None:
    with store_filler.open_store(tmp_path) as store, store_filler.open_store(tmp_path, image_size=[1, 1]) as other:
        store_filler.fill(store, names)
        shutil.copytree(store.path / "shards", other.path / "shards", dirs_exist_ok=True)
        assert other.missing(names).all()


def test_a_folder_in_the_place_of_rows_is_damage(tmp_path: Path, names: list[bytes]) -> None:
    with store_filler.open_store(tmp_path) as store:
        store_filler.fill(store, names)
    rows = next(tmp_path.glob("*/shards/*.rows"))
    rows.unlink()
    rows.mkdir()
    (rows / "file").write_text("")
    with store_filler.open_store(tmp_path) as store:
        assert store.missing(names).any()
        store_filler.fill(store, names)
    assert_holds(tmp_path, names)
