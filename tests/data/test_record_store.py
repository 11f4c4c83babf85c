from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from kerastune_ft.data.record_store import Entry, RecordStore, open_record_store

ENTRIES = {"train": [Entry(b"one", "a", ["p"], (2, 3)), Entry(b"", ["a", "b"], ["q"], (4, 5))], "test": []}


def entries(split: str) -> Iterator[Entry]:
    yield from ENTRIES[split]


def open_entries(folder: Path, said: list[str], address: str = "x") -> RecordStore:
    return open_record_store([address], list(ENTRIES), entries, folder, said.append, "reading")


def test_examples_are_written_once_and_read_by_index(tmp_path: Path) -> None:
    said: list[str] = []
    for _ in range(2):
        store = open_entries(tmp_path / "cache", said)
        assert [store.content(index) for index in range(2)] == [b"one", b""]
        assert store.keys == ["train[0]", "train[1]"]
        assert store.ranges == {"train": [0, 2], "test": [2, 2]}
        assert [tuple(size) for size in store.sizes] == [(2, 3), (4, 5)]
        assert store.groups == ["p", "q"]
        assert store.label_texts() == ["a", '["a", "b"]']
    assert said == ["reading into the cache, once"]


def test_another_address_is_another_file(tmp_path: Path) -> None:
    said: list[str] = []
    open_entries(tmp_path, said)
    open_entries(tmp_path, said, "y")
    assert len(said) == 2


def test_a_write_that_fails_leaves_nothing_that_would_be_read(tmp_path: Path) -> None:
    def break_off(split: str) -> Iterator[Entry]:
        yield ENTRIES["train"][0]
        raise OSError("the disk is gone")

    with pytest.raises(OSError, match="the disk is gone"):
        open_record_store(["x"], ["train"], break_off, tmp_path, print, "reading")
    said: list[str] = []
    assert open_entries(tmp_path, said).content(0) == b"one"
    assert said == ["reading into the cache, once"]
