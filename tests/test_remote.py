from __future__ import annotations

import itertools
import stat
from pathlib import Path

import pytest

from kerastune_ft import storage
from kerastune_ft.errors import ConfigError, DataError
from kerastune_ft.remote import UnreachableError

_COUNT = itertools.count()


@pytest.fixture(params=["ram", "file"])
def bucket(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty folder on a file system of TensorFlow: in memory, and by URI on disk."""
    place = f"ram://remote{next(_COUNT)}" if request.param == "ram" else f"file://{tmp_path}/bucket"
    storage.path_of(place).mkdir()
    return place


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("KERASTUNE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def put(path: str, content: bytes = b"content") -> str:
    storage.path_of(path).parent.mkdir(exist_ok=True)
    storage.path_of(path).write_bytes(content)
    return path


def test_files_and_folders_are_told_apart(bucket: str) -> None:
    path = storage.path_of(put(f"{bucket}/a/b/1.png", b"12345"))
    assert path.is_file() and not path.is_dir() and path.exists()
    assert path.parent.is_dir() and not path.parent.is_file()
    assert not (path.parent / "2.png").exists()
    status = storage.status(str(path))
    assert stat.S_ISREG(status.st_mode) and status.st_size == 5
    assert storage.read(str(path)) == b"12345"


def test_a_folder_lists_what_is_in_it_and_not_what_begins_alike(bucket: str) -> None:
    for name in ("run-1/x/1", "run-1/2", "run-10/3", "run-1.before/4"):
        put(f"{bucket}/{name}")
    assert [(entry.name, entry.is_dir()) for entry in storage.entries(f"{bucket}/run-1")] == [("2", False), ("x", True)]
    assert list(storage.walk(f"{bucket}/run-1")) == [
        (f"{bucket}/run-1", ["x"], ["2"]),
        (f"{bucket}/run-1/x", [], ["1"]),
    ]


def test_writing_again_replaces_and_leaves_nothing_beside(bucket: str) -> None:
    path = storage.path_of(put(f"{bucket}/a/manifest.json", b"a longer content"))
    path.write_bytes(b"short")
    assert path.read_bytes() == b"short"
    assert [entry.name for entry in storage.entries(path.parent)] == ["manifest.json"]


def test_a_folder_moves_with_all_in_it(bucket: str) -> None:
    for name in ("run-1/x/1", "run-1/2"):
        put(f"{bucket}/{name}", name.encode())
    storage.path_of(f"{bucket}/run-1").rename(storage.path_of(f"{bucket}/run-1.before-1"))
    assert storage.read(f"{bucket}/run-1.before-1/x/1") == b"run-1/x/1"
    assert not storage.exists(f"{bucket}/run-1/2")


def test_what_is_absent_raises_as_on_a_disk(bucket: str) -> None:
    path = storage.path_of(f"{bucket}/no")
    for attempt in (path.read_bytes, path.stat, path.unlink, lambda: list(path.iterdir())):
        with pytest.raises(FileNotFoundError, match="no such file or folder"):
            attempt()
    with pytest.raises(FileExistsError):
        storage.path_of(bucket).mkdir()


def test_a_library_gets_a_local_copy_that_goes_away(bucket: str) -> None:
    path = storage.path_of(put(f"{bucket}/model.keras", b"weights"))
    with storage.as_local_file(path) as local:
        assert local.name == "model.keras" and local.read_bytes() == b"weights"
    assert not local.exists()


def test_a_scheme_without_a_file_system_is_one_sentence() -> None:
    with pytest.raises(UnreachableError, match=r"^nope://bucket/x cannot be reached: TensorFlow has no file system for "
                       r"nope:// here, only .*gs://") as caught:  # fmt: skip
        storage.exists("nope://bucket/x")
    assert caught.value.exit_code == 2 and isinstance(caught.value, ConfigError)
    with (
        pytest.raises(DataError, match=r"^data\.path: nope://bucket/x cannot be reached"),
        storage.explain_unreachable("data.path"),
    ):
        storage.exists("nope://bucket/x")
