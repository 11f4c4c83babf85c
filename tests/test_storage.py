from __future__ import annotations

import itertools
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from kerastune_ft import storage
from kerastune_ft.config.read import read
from kerastune_ft.errors import ConfigError
from kerastune_ft.remote import RemotePath
from kerastune_ft.rundir import RunDirectory
from kerastune_ft.training.run_directory.run_choice import choose, list_runs

_COUNT = itertools.count()


@pytest.fixture(params=["ram", "file"])
def bucket(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty folder on a file system of TensorFlow: in memory, and by URI on disk."""
    place = f"ram://bucket{next(_COUNT)}" if request.param == "ram" else f"file://{tmp_path}/bucket"
    storage.path_of(place).mkdir()
    return place


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("KERASTUNE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("http://host/x", "is an address of the web"),
        ("FTP://host/x", "is an address of the web"),
        ("a\0b", "'a\\\\x00b' has a zero byte in it"),
        ("a\ud800", "'a\\\\ud800' has half a character in it"),
    ],
)
def test_what_nothing_can_be_called_is_told(name: str, fault: str) -> None:
    assert re.search(fault, storage.find_name_fault(name) or "")
    with pytest.raises(ConfigError, match=fault):
        RunDirectory(name)


@pytest.mark.parametrize("name", ["a", ".", "gs://bucket/x", "caf\u00e9", "\udcff", "http:/x", "a\nb"])
def test_what_can_be_a_name_is_one(name: str) -> None:
    assert storage.find_name_fault(name) is None


def test_the_head_of_a_path_is_the_home_where_a_shell_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/me")
    assert storage.expand_home("~") == "/home/me"
    assert storage.expand_home("~/x") == "/home/me/x"
    for name in ("~nobody-of-this-name/x", "./~", "a/~", "gs://~/x", "~\0", "~\ud800", ""):
        assert storage.expand_home(name) == name
    assert storage.path_of_user("~/x") == Path("/home/me/x")


@pytest.mark.parametrize(
    ("path", "is_remote"),
    [
        ("gs://bucket/x", True),
        ("ram://x", True),
        ("hdfs://host:9000/x", True),
        ("https://example.org/x.png", False),
        ("/data/x", False),
        ("a:b", False),
        ("images/gs", False),
    ],
)
def test_a_uri_is_remote_and_an_address_of_the_web_is_not(path: str, is_remote: bool) -> None:
    assert storage.is_remote(path) is is_remote
    assert isinstance(storage.path_of(path), RemotePath) is is_remote


@pytest.mark.parametrize(
    ("path", "normal"),
    [
        ("gs://bucket//a/./b/../c/", "gs://bucket/a/c"),
        ("gs://bucket", "gs://bucket"),
        ("file:///tmp/x/", "file:///tmp/x"),
        ("a/../b", "b"),
    ],
)
def test_detours_are_taken_out_and_the_slashes_of_the_scheme_stay(path: str, normal: str) -> None:
    assert storage.normal(path) == normal
    assert str(storage.path_of(normal)) == normal


def test_parts_of_a_uri() -> None:
    path = storage.path_of("gs://bucket/runs/photos-1/model.tar.gz")
    assert (path.name, path.stem, path.suffix, path.suffixes) == ("model.tar.gz", "model.tar", ".gz", [".tar", ".gz"])
    assert str(path.parent.parent) == "gs://bucket/runs"
    assert path.parent.parent.parent.parent == storage.path_of("gs://bucket")
    assert str(path.with_name("x") / "y") == "gs://bucket/runs/photos-1/x/y"
    assert storage.relative(str(path), "gs://bucket/runs") == "photos-1/model.tar.gz"
    assert storage.relative("gs://bucket/runs", "gs://bucket/runs/") == "."


def config(**changes: object) -> dict[str, object]:
    return {
        "task": {"kind": "image_classification"},
        "data": {"kind": "folder", "path": "gs://bucket/photos"},
        "backbone": {"kind": "applications", "name": "MobileNetV2", "weights": "gs://bucket/w.safetensors"},
        "phases": "head_then_top",
        **changes,
    }


def test_which_paths_of_a_configuration_may_be_uris(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BUCKET", "gs://mine")
    read_ = read(config(output={"directory": "${BUCKET}/runs/"}))
    assert str(read_.output.directory) == "gs://mine/runs"
    assert str(read_.data.path) == "gs://bucket/photos"
    assert str(read_.backbone.weights) == "gs://bucket/w.safetensors"
    with pytest.raises(ConfigError, match=r"runtime\.cache_directory .*; caches and locks need a local disk"):
        read(config(runtime={"cache_directory": "gs://bucket/cache"}))


@pytest.fixture
def run(bucket: str) -> RunDirectory:
    return RunDirectory(f"{bucket}/runs/photos-1")


def test_a_run_directory_may_be_a_uri(run: RunDirectory) -> None:
    run.commit_json("phases/00-head/result.json", {"a": 1})
    run.commit("model/x.bin", b"x")
    run.update_manifest(state="running")
    run.update_manifest(state="done")
    assert not run.is_local
    assert run.read_json("phases/00-head/result.json") == {"a": 1}
    assert run.list_files("phases") == ["00-head"]
    manifest = run.manifest() or {}
    assert manifest["state"] == "done" and set(manifest["files"]) == {"phases/00-head/result.json", "model/x.bin"}
    run.remove("model/x.bin")
    assert not run.exists("model/x.bin")


def test_lines_of_a_remote_log_are_there_after_the_manifest_and_at_the_end(run: RunDirectory) -> None:
    with run.lock():
        run.append("log.txt", "first")
        run.update_manifest(state="running")
        assert run.read_bytes("log.txt") == b"first\n"
        run.append("log.txt", "second")
        run.append("events.jsonl", "{}")
    again = RunDirectory(run.path)
    with pytest.raises(KeyboardInterrupt), again.lock():
        again.append("log.txt", "third")
        raise KeyboardInterrupt
    assert run.read_bytes("log.txt") == b"first\nsecond\nthird\n"
    assert run.read_bytes("events.jsonl") == b"{}\n"


def test_the_lock_of_a_remote_run_is_local_and_names_owner_and_age(run: RunDirectory, own_cache: Path) -> None:
    with run.lock():
        assert list((own_cache / "locks").glob("*.lock"))
        with (
            pytest.raises(ConfigError, match=r"photos-1 is in use by process \d+ on \S+ since \S+ \(\S+ ago\)"),
            RunDirectory(run.path).lock(),
        ):
            pytest.fail("two owners")
        with RunDirectory(f"{run.path}0").lock():
            pass
    assert run.owner() is None
    with run.lock():
        pass


def test_remote_runs_are_numbered_and_go_on(bucket: str) -> None:
    directory = f"{bucket}/runs"
    first, reason = choose(directory, "photos", "hash", fresh=False)
    assert (str(first), reason) == (f"{directory}/photos-1", "new")
    first.update_manifest(state="interrupted", config_hash="hash")
    assert [str(choose(directory, "photos", "hash", fresh)[0].path.name) for fresh in (False, True)] == [
        "photos-1",
        "photos-2",
    ]
    assert [path.name for path in list_runs(directory, "photos")] == ["photos-1", "photos-2"]


@pytest.mark.parametrize("touch", [lambda run: run.manifest(), lambda run: run.commit("a", b"")])
def test_a_run_directory_out_of_reach_is_an_error_of_the_configuration(touch: Callable[[RunDirectory], None]) -> None:
    with pytest.raises(ConfigError, match="no file system for nope://") as caught:
        touch(RunDirectory("nope://bucket/run"))
    assert caught.value.exit_code == 2
    with pytest.raises(ConfigError, match="no file system for nope://"):
        choose("nope://bucket", "photos", "hash", fresh=False)


@pytest.mark.parametrize(
    ("missing", "meant"),
    [
        ("nosuch.jsonl", None),
        ("chat.jsonl", "chats.jsonl"),
        ("Chats.jsonl", "chats.jsonl"),
        ("schma.json", "schema.json"),
        ("photo", "photos"),
        ("schema.csv", "schema.json"),
    ],
)
def test_a_similar_name_beside_is_one_whose_stem_is_near(tmp_path: Path, missing: str, meant: str | None) -> None:
    # Endings are alike in files that have nothing in common.
    for name in ("chats.jsonl", "schema.json", "notes.jsonl"):
        (tmp_path / name).write_text("")
    (tmp_path / "photos").mkdir()
    assert storage.find_similar(tmp_path / missing) == (None if meant is None else tmp_path / meant)
    assert storage.find_similar(tmp_path / missing, lambda path: False) is None
    assert storage.find_similar(tmp_path / "gone" / missing) is None
