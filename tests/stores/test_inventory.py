"""The command `cache`: what the cache directory holds, and clearing it."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result

from kerastune_ft.cli.commands import main
from kerastune_ft.errors import ConfigError
from kerastune_ft.stores.inventory import list_cache
from kerastune_ft.stores.store import FeatureStore


def store(root: Path, name: str, rows: int) -> FeatureStore:
    about = {"backbone": name, "cut": "block6_add", "image_size": [224, 224], "views": False, "data": "photos"}
    opened = FeatureStore(root / "features", {"backbone": name}, 10, about, print)
    ids = [number.to_bytes(32, "big") for number in range(rows)]
    for block in opened.claim(ids, 8):
        block.write(np.zeros((len(block.positions), 10), np.uint8))
        block.commit()
    return opened


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache directory with two stores, the older unused for three days, and an unpacked archive."""
    monkeypatch.setenv("KERASTUNE_CACHE", str(tmp_path))
    for name, rows in (("Old", 16), ("New", 1200)):
        store(tmp_path, name, rows).close()
    used = next(path for path in tmp_path.glob("features/*/used") if "Old" in (path.parent / "store.json").read_text())
    os.utime(used, (used.stat().st_mtime - 3 * 86400,) * 2)
    (tmp_path / "archives" / "a" / "b").mkdir(parents=True)
    (tmp_path / "archives" / "a" / "b" / "c.png").write_bytes(bytes(1234))
    return tmp_path


@pytest.fixture
def given(cache: Path) -> Callable[..., Result]:
    return lambda *words: CliRunner().invoke(main, ["cache", *words])


def tell(result: Result) -> Mapping[str, Any]:
    assert (result.exit_code, result.stderr) == (0, "")
    return json.loads(result.stdout)


def test_everything_kept_is_listed_with_its_size(cache: Path, given: Callable[..., Result]) -> None:
    found = tell(given("--json"))
    assert [one["about"]["backbone"] for one in found["stores"]] == ["Old", "New"]
    assert [one["rows"] for one in found["stores"]] == [16, 1200]
    assert found["others"] == [{"name": "archives", "holds": "unpacked archives", "files": 1, "bytes": 1234}]
    assert found["stored_bytes"] == sum(one["bytes"] for one in found["stores"])
    assert found["bytes"] == found["stored_bytes"] + 1234
    result = given("--wide")
    assert (result.exit_code, result.stderr) == (0, "")
    for text in (
        "Old",
        "224 x 224",
        "block6_add",
        "photos",
        "1,200",
        "1.2 kB",
        "of at most",
        str(cache),
        "cache --clear",
    ):
        assert text in result.stdout
    assert found["stores"][0]["key"][:8] in result.stdout


def test_stores_can_be_chosen_by_key_and_age(given: Callable[..., Result]) -> None:
    old, new = (one["key"] for one in tell(given("--json"))["stores"])
    assert [one["key"] for one in tell(given(new[:6].upper(), "--json"))["stores"]] == [new]
    assert [one["key"] for one in tell(given("--older-than", "2d", "--json"))["stores"]] == [old]
    assert tell(given("--older-than", "999999999d", "--json"))["stores"] == []
    assert tell(given(new, "--older-than", "2d", "--json"))["stores"] == []


def test_clearing_deletes_what_was_chosen_and_spares_what_is_in_use(cache: Path, given: Callable[..., Result]) -> None:
    old, new = tell(given("--json"))["stores"]
    with store(cache, "New", 1200):
        result = given("--clear")
    assert result.exit_code == 0
    assert result.stdout.splitlines() == [
        f"removed {old['bytes'] / 1000:.1f} kB: Old, block6_add, photos ({old['key'][:8]})",
        f"in use, not removed: New, block6_add, photos ({new['key'][:8]})",
        f"{old['bytes'] / 1000:.1f} kB of stored features removed from {cache}",
    ]
    assert [one["key"] for one in tell(given("--json"))["stores"]] == [new["key"]]
    cleared = tell(given("--clear", new["key"][:12], "--json"))
    assert ([one["key"] for one in cleared["removed"]], cleared["in_use"]) == ([new["key"]], [])
    assert tell(given("--json"))["stores"] == []
    assert (cache / "archives" / "a" / "b" / "c.png").exists()
    assert "0 B of stored features removed" in given("--clear").stdout


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--clear", "zzz"), 'have a key that begins with "zzz"; there are '),
        (("--clear", ""), 'have a key that begins with ""; there are '),
        (("--clear", "archives"), "archives is not a feature store; "),
        (("--older-than", "soon"), '"soon" is not a duration'),
        (("--directory", "nowhere"), "--directory: there is no local folder nowhere"),
        (("--directory", "gs://bucket/cache"), "--directory: there is no local folder gs://"),
    ],
    ids=str,
)
def test_what_cannot_be_meant_is_said(words: tuple[str, ...], message: str, given: Callable[..., Result]) -> None:
    result = given(*words)
    assert result.exit_code == 2
    assert message in result.stderr
    assert len(tell(given("--json"))["stores"]) == 2


def test_a_key_that_two_stores_begin_with_is_asked_for(cache: Path, given: Callable[..., Result]) -> None:
    for number in range(16):
        store(cache, str(number), 1).close()
    first = [one["key"][0] for one in tell(given("--json"))["stores"]]
    shared = next(letter for letter in first if first.count(letter) > 1)
    result = given("--clear", shared)
    assert result.exit_code == 2
    assert f"{shared} begins the keys of {first.count(shared)} stores; give more characters" in result.stderr


def test_a_place_without_a_cache_is_empty_and_untouched(tmp_path: Path, given: Callable[..., Result]) -> None:
    other = tmp_path / "other"
    (other / "features" / ("ab" * 16)).mkdir(parents=True)
    for words in ((), ("--clear",)):
        result = given(*words, "--directory", str(other))
        assert (result.exit_code, result.stderr) == (0, "")
    # A folder that only has the name of one is no store.
    assert (other / "features" / ("ab" * 16)).is_dir()


def test_a_cache_directory_that_is_a_file_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("KERASTUNE_CACHE", str(tmp_path / "file"))
    with pytest.raises(ConfigError, match=r"file cannot be made \(.*file is a file\); name a folder"):
        list_cache()
    monkeypatch.setenv("KERASTUNE_CACHE", str(tmp_path / "new" / "cache"))
    assert list_cache().stores == []
    assert not (tmp_path / "new").exists()
