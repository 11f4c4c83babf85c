"""Nothing that is read from the cache is trusted without its checksum, and a cache that fails ends in a sentence."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import filelock
import numpy as np
import pytest

from kerastune_ft.errors import ConfigError, ResourceError
from kerastune_ft.stores import cached_folder
from kerastune_ft.stores.cached_folder import explain_cache, forget_folder, open_folder, write_array

ONCE = "making it into the cache, once"


def write(folder: Path) -> None:
    (folder / "sub").mkdir()
    (folder / "a").write_bytes(b"one")
    (folder / "sub" / "b").write_bytes(b"two")


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "cache" / "things" / "abc"


@pytest.fixture(autouse=True)
def another_process(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Forget what this process has verified, as a new one would not know it."""

    def forget() -> None:
        monkeypatch.setattr(cached_folder, "_verified", set())

    forget()
    return forget


def open_target(target: Path, **options: bool) -> list[str]:
    said: list[str] = []
    assert open_folder(target, write, said.append, "making it", **options) == target
    assert (target / "a").read_bytes() == b"one" and (target / "sub" / "b").read_bytes() == b"two"
    return said


def test_a_folder_is_written_once(target: Path, another_process: Callable[[], None]) -> None:
    assert open_target(target) == [ONCE]
    assert open_target(target) == []
    another_process()
    assert open_target(target) == []
    assert sorted(os.listdir(target)) == ["a", "sub"]


def truncate(target: Path) -> None:
    os.truncate(target / "a", 1)


def flip(target: Path) -> None:
    status = (target / "sub" / "b").stat()
    (target / "sub" / "b").write_bytes(b"twO")
    os.utime(target / "sub" / "b", ns=(status.st_atime_ns, status.st_mtime_ns))


def remove(target: Path) -> None:
    (target / "a").unlink()


def add(target: Path) -> None:
    (target / "c").touch()


def spoil_seal(target: Path) -> None:
    seal = target.with_suffix(".seal")
    seal.write_bytes(seal.read_bytes()[:-1])


@pytest.mark.parametrize("damage", [truncate, flip, remove, add, spoil_seal])
def test_what_differs_is_made_again_and_said(
    damage: Callable[[Path], None], target: Path, another_process: Callable[[], None]
) -> None:
    open_target(target)
    damage(target)
    another_process()
    first, second = open_target(target)
    assert first.startswith(f"{target} in the cache is damaged (") and first.endswith("; it is made again")
    assert second == ONCE
    assert open_target(target) == []


def test_where_times_are_trusted_unchanged_files_are_not_read(
    target: Path, another_process: Callable[[], None]
) -> None:
    open_target(target)
    flip(target)
    another_process()
    assert open_folder(target, write, pytest.fail, "", trusts_times=True) == target
    os.utime(target / "sub" / "b", ns=(0, 5))
    assert open_target(target, trusts_times=True) != []


def test_a_folder_without_its_seal_is_unfinished(target: Path) -> None:
    target.mkdir(parents=True)
    (target / "a").write_bytes(b"half")
    assert open_target(target) == [ONCE]


def test_what_was_forgotten_is_written_again(target: Path) -> None:
    open_target(target)
    forget_folder(target)
    assert open_target(target) == [ONCE]


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_is_named_and_leaves_no_part(number: int, target: Path) -> None:
    def fill(folder: Path) -> None:
        (folder / "a").write_bytes(b"one")
        raise OSError(number, os.strerror(number))

    with pytest.raises(ResourceError, match=r"no space left for .*abc in the cache.*KERASTUNE_CACHE") as caught:
        open_folder(target, fill, print, "making it")
    assert caught.value.exit_code == 6
    assert [path.name for path in target.parent.iterdir()] in ([], ["abc.lock"])


def test_a_cache_that_cannot_be_written_serves_what_it_has(target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    open_target(target)

    def refuse(*arguments: object, **options: object) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(filelock.FileLock, "acquire", refuse)
    monkeypatch.setattr(os, "mkdir", refuse)
    assert open_target(target) == []
    with pytest.raises(ConfigError, match=r"other in the cache cannot be written or read: read-only file system; name"):
        open_folder(target.with_name("other"), write, print, "making it")


def test_what_killed_processes_left_is_deleted(target: Path) -> None:
    open_target(target)
    left = target.with_name(".abc-0123.partial")
    shutil.copytree(target, left)
    forget_folder(target)
    open_target(target)
    assert not left.exists()


def test_an_error_of_what_is_written_stays_what_it_is(target: Path) -> None:
    def fail(folder: Path) -> None:
        raise OSError(errno.EIO, "Input/output error")

    with pytest.raises(OSError, match="Input/output"):
        open_folder(target, fail, print, "making it")
    with pytest.raises(ConfigError, match="permission denied"), explain_cache(target):
        raise PermissionError(errno.EACCES, "Permission denied")


@pytest.mark.parametrize(
    "array", [np.arange(6).reshape(2, 3).T, np.zeros((0, 4), np.int32), np.float32(3) * np.ones(())], ids=str
)
def test_arrays_are_written_as_numpy_reads_them(array: np.ndarray, tmp_path: Path) -> None:
    write_array(tmp_path / "a.npy", array)
    found = np.load(tmp_path / "a.npy")
    assert found.dtype == array.dtype and found.shape == array.shape
    assert (found == array).all()
