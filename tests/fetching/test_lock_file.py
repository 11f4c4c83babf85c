from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from kerastune_ft.errors import DataError
from kerastune_ft.fetching.lock_file import Fetched, LockFile


def test_files_are_written_down_beside_earlier_ones_relative_to_their_folder(tmp_path: Path) -> None:
    lock, far = LockFile(tmp_path / "out/fetched.json"), tmp_path / "far"
    near = tmp_path / "out/keras/a.h5"
    near.parent.mkdir(parents=True)
    near.write_bytes(b"abc")
    far.write_bytes(b"")
    lock.add([Fetched(far, "pip")])
    made = lock.add([Fetched(near, "http://x/a.h5")])
    digest = hashlib.sha256(b"abc").hexdigest()
    assert made == {"keras/a.h5": {"bytes": 3, "sha256": digest, "source": "http://x/a.h5"}}
    assert set(json.loads(lock.path.read_text())["files"]) == {"keras/a.h5", str(far)}


def test_what_changed_is_found(tmp_path: Path) -> None:
    lock = LockFile(tmp_path / "fetched.json")
    for name in ("same", "longer", "other", "gone"):
        (tmp_path / name).write_bytes(b"abc")
    lock.add([Fetched(tmp_path / name, "x") for name in ("same", "longer", "other", "gone")])
    (tmp_path / "longer").write_bytes(b"abcd")
    (tmp_path / "other").write_bytes(b"abd")
    (tmp_path / "gone").unlink()
    assert lock.find_damage() == {
        "gone": "it is missing", "longer": "it has 4 bytes, and had 3", "other": "its SHA-256 is another",
    }  # fmt: skip


@pytest.mark.parametrize("text", ["{", "[]", '{"files": []}', "{}"])
def test_a_damaged_list_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "fetched.json").write_text(text)
    with pytest.raises(DataError, match="delete it and fetch again"):
        LockFile(tmp_path / "fetched.json").read()


def test_without_a_list_nothing_is_damaged(tmp_path: Path) -> None:
    assert LockFile(tmp_path / "fetched.json").find_damage() == {}
