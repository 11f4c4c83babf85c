from __future__ import annotations

from pathlib import Path

import pytest

from kerastune_ft.stores.locks import acquire, is_held, remove_free


def test_a_lock_is_one_holders_until_it_is_released(tmp_path: Path) -> None:
    path = tmp_path / "a"
    lock = acquire(path)
    assert lock is not None
    assert is_held(path)
    assert acquire(path) is None
    assert acquire(path, shared=True) is None
    lock.release()
    assert not is_held(path)
    again = acquire(path)
    assert again is not None
    again.release()


def test_shared_locks_are_held_together(tmp_path: Path) -> None:
    path = tmp_path / "a"
    one, other = acquire(path, shared=True), acquire(path, shared=True)
    assert one is not None and other is not None
    assert acquire(path) is None
    one.release()
    assert is_held(path)
    other.release()
    assert not is_held(path)


def test_a_lock_can_be_shared_later_while_its_file_is_there(tmp_path: Path) -> None:
    path = tmp_path / "a"
    lock = acquire(path)
    assert lock is not None
    assert lock.share()
    path.unlink()
    assert not lock.share()
    lock.release()


def test_a_removed_file_is_nobodys_lock(tmp_path: Path) -> None:
    path = tmp_path / "a"
    lock = acquire(path)
    assert lock is not None
    lock.release_and_remove()
    assert not path.exists()
    assert not is_held(path)
    with pytest.raises(FileNotFoundError):
        acquire(tmp_path / "gone" / "a")


def test_only_free_files_are_removed(tmp_path: Path) -> None:
    held = acquire(tmp_path / "held")
    assert held is not None
    (tmp_path / "free").touch()
    remove_free(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["held"]
    held.release()
