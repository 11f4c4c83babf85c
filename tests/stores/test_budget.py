"""Which stores go when there is not room for all."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from kerastune_ft.config.options.byte_sizes import parse_bytes, size_text
from kerastune_ft.stores.budget import budget_bytes, clear, list_stores, make_room
from tests.support import store_filler

DAY = 86400


def make_store(root: Path, number: int, days_ago: float) -> str:
    """A store with 40 rows, last used some days ago."""
    with store_filler.open_store(root, image_size=[number, number]) as store:
        store_filler.fill(store, store_filler.ids(40))
    then = (store.path / "used").stat().st_mtime - days_ago * DAY
    os.utime(store.path / "used", (then, then))
    return store.key


@pytest.fixture
def keys(tmp_path: Path) -> list[str]:
    """Four stores, the one used longest ago first."""
    return [make_store(tmp_path, number, days) for number, days in ((1, 4), (2, 3), (3, 2), (4, 1))]


def present(root: Path) -> set[int]:
    return {info.about["image_size"][0] for info in list_stores(root)}


def test_stores_are_listed_by_their_last_use(tmp_path: Path, keys: list[str]) -> None:
    (tmp_path / "0123456789abcdef0123456789abcdef").mkdir()
    (tmp_path / "notes.txt").write_text("no store")
    found = list_stores(tmp_path)
    assert [info.key for info in found] == [key[:32] for key in keys]
    assert {info.rows for info in found} == {40}
    for info in found:
        folder = tmp_path / info.key
        assert info.bytes == sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) > 40 * 48
        assert info.created is not None
    assert list_stores(tmp_path / "none") == []


def test_those_used_longest_ago_go_first_and_no_more_than_needed(tmp_path: Path, keys: list[str]) -> None:
    told: list[str] = []
    held, each = sum(info.bytes for info in list_stores(tmp_path)), list_stores(tmp_path)[0].bytes
    assert make_room(tmp_path, 100, held + 100, [], told.append)
    assert (present(tmp_path), told) == ({1, 2, 3, 4}, [])
    # Opening a store makes it the one used last.
    store_filler.open_store(tmp_path, image_size=[1, 1]).close()
    assert make_room(tmp_path, each + 100, held, [], told.append)
    assert present(tmp_path) == {1, 4}
    assert len(told) == 2
    assert told[0].startswith(f"removed {size_text(each)} of stored features, tiny ({keys[1][:8]}), last used 20")


def test_those_kept_or_in_use_stay(tmp_path: Path, keys: list[str]) -> None:
    each = list_stores(tmp_path)[0].bytes
    with store_filler.open_store(tmp_path, image_size=[2, 2]) as used:
        assert not make_room(tmp_path, each, 2 * each, [keys[0]], print)
        assert present(tmp_path) == {1, 2, 3, 4}, "nothing goes in vain"
        assert make_room(tmp_path, each, 3 * each + 200, [keys[0]], print)
        assert present(tmp_path) == {1, 2}
        assert not used.missing(store_filler.ids(40)).any()
    assert make_room(tmp_path, each, each + 200, [], print)
    assert present(tmp_path) == set()
    assert make_room(tmp_path / "none", 10, 10, [], print)
    assert not make_room(tmp_path / "none", 11, 10, [], print)


def test_a_disk_that_is_nearly_full_counts_more_than_the_budget(
    tmp_path: Path, keys: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    each = list_stores(tmp_path)[0].bytes
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(0, 0, each))
    assert make_room(tmp_path, 2 * each, 10**12, [], lambda _: None)
    assert present(tmp_path) == {2, 3, 4}
    assert not make_room(tmp_path, 6 * each, 10**12, [], print)


def test_what_a_killed_removal_left_goes_with_the_next(tmp_path: Path, keys: list[str]) -> None:
    os.replace(tmp_path / keys[0][:32], tmp_path / ".removed-1")
    assert present(tmp_path) == {2, 3, 4}
    assert clear(tmp_path, [keys[1][:32], "0" * 32]) == [keys[1][:32]]
    assert present(tmp_path) == {3, 4}
    assert not list(tmp_path.glob(".removed-*"))
    assert clear(tmp_path / "none", []) == []


def test_the_budget_is_what_is_given_or_a_share_of_the_disk(
    tmp_path: Path, keys: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert budget_bytes(12345, tmp_path) == 12345
    assert budget_bytes("1.5 MB", tmp_path) == 1_500_000
    held = sum(info.bytes for info in list_stores(tmp_path))
    for free, expected in (
        (10_000_000_000, 2_000_000_000),
        (10**9, int(0.2 * (10**9 + held))),
        (10**12, 20_000_000_000),
    ):
        monkeypatch.setattr(shutil, "disk_usage", lambda _, free=free: shutil._ntuple_diskusage(0, 0, free))
        assert budget_bytes(None, tmp_path) == expected
    assert budget_bytes(None, tmp_path / "not" / "yet") == 20_000_000_000


@pytest.mark.parametrize(
    ("text", "expected"),
    [("20GB", 20 * 10**9), ("1.5 tb", 15 * 10**11), (" 500MiB ", 500 * 2**20), ("7B", 7), ("2kib", 2048)],
)
def test_amounts_are_read(text: str, expected: int) -> None:
    assert parse_bytes(text) == expected


@pytest.mark.parametrize("text", ["", "20", "GB", "-1GB", "1e3MB", "20 % ", "1,5GB", "0GB", "0.2B", f"{'9' * 400}TB"])
def test_other_texts_are_no_amounts(text: str) -> None:
    with pytest.raises(ValueError, match="write"):
        parse_bytes(text)


@pytest.mark.parametrize(
    ("count", "expected"),
    [(0, "0 B"), (999, "999 B"), (999_960, "1.0 MB"), (25 * 10**9, "25.0 GB"), (3e15, "3000.0 TB")],
)
def test_amounts_are_told(count: int, expected: str) -> None:
    assert size_text(count) == expected
