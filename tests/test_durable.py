"""Files are written whole and reach the disk, as far as a file system can."""

from __future__ import annotations

import errno
import hashlib
import os
from pathlib import Path

import numpy as np
import pytest

from kerastune_ft.durable import (
    Buffers,
    StoredFile,
    hash_content,
    join_content,
    lacks_operation,
    sync,
    sync_folder,
    write_whole,
)


@pytest.mark.parametrize("number", [errno.EINVAL, errno.ENOTSUP, errno.ENOSYS, errno.EPERM])
def test_a_file_system_that_cannot_sync_ends_no_write(
    number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(descriptor: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", refuse)
    write_whole(tmp_path / "part", tmp_path / "file", b"content")
    assert (tmp_path / "file").read_bytes() == b"content"
    assert not (tmp_path / "part").exists()
    sync(0)
    sync_folder(tmp_path)


@pytest.mark.parametrize("number", [errno.EIO, errno.ENOSPC, errno.EDQUOT])
def test_a_disk_that_fails_does(number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(descriptor: int) -> None:
        raise OSError(number, os.strerror(number))

    (tmp_path / "file").write_bytes(b"old")
    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError) as caught:
        write_whole(tmp_path / "part", tmp_path / "file", b"content")
    assert caught.value.errno == number and not lacks_operation(caught.value)
    assert (tmp_path / "file").read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["file"]


def test_a_folder_that_cannot_be_opened_is_not_synced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: str, flags: int) -> int:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(os, "open", refuse)
    sync_folder(tmp_path)


def test_buffers_are_not_copied() -> None:
    values = np.arange(6, dtype=np.uint8)
    content = Buffers([b"head", values.data])
    assert content.size == 10
    for _ in range(2):
        assert join_content(content) == b"head\x00\x01\x02\x03\x04\x05"
    assert np.shares_memory(np.frombuffer(list(content.pieces())[1], np.uint8), values)


def test_a_file_is_read_in_pieces(tmp_path: Path) -> None:
    written = np.random.default_rng(0).bytes(2_500_000)
    (tmp_path / "file").write_bytes(written)
    content = StoredFile(tmp_path / "file")
    assert content.size == len(written)
    assert max(len(piece) for piece in content.pieces()) < len(written)
    for _ in range(2):
        assert join_content(content) == written
    assert hash_content(content) == hashlib.sha256(written).hexdigest()


def test_nothing_is_a_content_too(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    for content in (Buffers([]), StoredFile(tmp_path / "file")):
        assert (content.size, join_content(content)) == (0, b"")
