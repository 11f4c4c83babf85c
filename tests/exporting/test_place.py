from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from kerastune_ft.errors import ConfigError, ResourceError
from kerastune_ft.exporting.place import choose_place, list_sizes, make_folder, refuse_other
from kerastune_ft.rundir import RunDirectory
from kerastune_ft.verification.files import check_stray_files
from tests.support.places import import_environment

OWN = {"name": "cells", "started": "2026", "config_hash": "1"}


def write_export(folder: Path, identity: dict[str, str]) -> Path:
    folder.mkdir()
    (folder / "export.json").write_text(json.dumps({"run": identity}))
    return folder


def test_the_place_is_in_the_run_unless_it_is_named(tmp_path: Path) -> None:
    run = RunDirectory(tmp_path / "run")
    assert choose_place(run, "onnx", None) == tmp_path / "run/export/onnx"
    assert choose_place(run, "onnx", tmp_path / "out") == tmp_path / "out"
    for nameless in (".", "..", "/"):
        with pytest.raises(ConfigError, match="name a folder in it"):
            choose_place(run, "onnx", nameless)
    with pytest.raises(ConfigError, match="not on this machine"):
        choose_place(RunDirectory("gs://bucket/run"), "onnx", None)


def test_the_files_of_a_run_are_no_place(tmp_path: Path) -> None:
    for name, content in {"manifest.json": '{"started": "2026"}', "config.json": "{}"}.items():
        (tmp_path / name).write_text(content)
    assert choose_place(RunDirectory(tmp_path), "onnx", tmp_path / "export/small") == tmp_path / "export/small"
    with pytest.raises(ConfigError, match="is in the run directory"):
        choose_place(RunDirectory(tmp_path), "onnx", tmp_path / "model")


def test_only_an_export_of_the_same_run_is_replaced(tmp_path: Path) -> None:
    refuse_other(tmp_path / "absent", OWN)
    refuse_other(write_export(tmp_path / "own", OWN), OWN)
    with pytest.raises(ConfigError, match=r"another run .leaves"):
        refuse_other(write_export(tmp_path / "other", {**OWN, "name": "leaves"}), OWN)
    (tmp_path / "photos").mkdir()
    refuse_other(tmp_path / "photos", OWN)
    (tmp_path / "photos" / "a.png").write_text("")
    with pytest.raises(ConfigError, match="is no export"):
        refuse_other(tmp_path / "photos", OWN)


def test_a_folder_takes_its_place_at_the_end_and_replaces_what_was_there(tmp_path: Path) -> None:
    place = write_export(tmp_path / "out", OWN)
    with make_folder(place) as folder:
        (folder / "new").write_text("")
        assert (place / "export.json").exists()
    assert [path.name for path in place.iterdir()] == ["new"]
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_files_that_no_export_wrote_are_not_lost(tmp_path: Path) -> None:
    place = tmp_path / "out"
    place.mkdir()
    (place / "export.json").write_text(json.dumps({"run": OWN, "files": {"README.md": 5}}))
    (place / "README.md").write_text("12345")
    (place / "__pycache__").mkdir()
    (place / "__pycache__" / "predict.pyc").write_text("")
    refuse_other(place, OWN)
    for name in ("notes.txt", "README.md"):
        (place / name).write_text("of the user")
        with pytest.raises(ConfigError, match=f"out has {name}, which no export wrote"):
            refuse_other(place, OWN)
        (place / "notes.txt").unlink(missing_ok=True)


def test_what_was_there_is_put_back_where_it_cannot_be_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place, rename = write_export(tmp_path / "out", OWN), Path.rename

    def rename_others(path: Path, target: Path) -> Path:
        if (path / "new").exists():
            raise OSError(13, "Permission denied", str(path))
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", rename_others)
    with pytest.raises(ConfigError, match="cannot be written"), make_folder(place) as folder:
        (folder / "new").write_text("")
    assert [path.name for path in tmp_path.iterdir()] == ["out"] and (place / "export.json").exists()


def test_a_file_that_could_not_be_read_is_no_fault_of_the_place(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), make_folder(tmp_path / "out"):
        (tmp_path / "model.keras").read_bytes()


def test_nothing_is_left_of_an_export_that_failed(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="wrong"), make_folder(tmp_path / "out" / "onnx") as folder:
        (folder / "half").write_text("")
        raise ValueError("wrong")
    assert list((tmp_path / "out").iterdir()) == []


_KILLED = """
import os, signal, sys
from pathlib import Path
from kerastune_ft.exporting.place import make_folder
with make_folder(Path(sys.argv[1])) as folder:
    (folder / "model").write_text("")
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_a_killed_export_left_goes_and_what_is_being_made_stays(tmp_path: Path) -> None:
    place = tmp_path / "out[1]"
    killed = subprocess.run([sys.executable, "-c", _KILLED, str(place)], env=import_environment(), check=False)
    assert killed.returncode == -signal.SIGKILL
    (left,) = tmp_path.iterdir()
    assert (left / "model").exists()
    # Folders of others, and of one that was killed when the earlier export had been moved aside, stay.
    (tmp_path / ".partial-other-1").mkdir()
    (tmp_path / ".partial-out[1]-aside" / place.name).mkdir(parents=True)
    with make_folder(place) as first, make_folder(place) as second:
        assert not left.exists()
        assert first.exists() and second.exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        ".partial-other-1", ".partial-out[1]-aside", "out[1]",
    ]  # fmt: skip
    with make_folder(place):
        pass
    assert sorted(path.name for path in tmp_path.iterdir()) == [".partial-other-1", "out[1]"]


def test_a_full_disk_and_a_place_that_is_a_file_are_said(tmp_path: Path) -> None:
    with pytest.raises(ResourceError, match="no space left"), make_folder(tmp_path / "out"):
        raise OSError(28, "No space left on device")
    with pytest.raises(ResourceError, match="no space left"), make_folder(tmp_path / "out"):
        raise RuntimeError("variables/data: No space left on device; write failed")
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="cannot be written"), make_folder(tmp_path / "file" / "out"):
        pass


def test_exports_in_a_run_are_no_strangers_to_verify(tmp_path: Path) -> None:
    for name in ("export/onnx/1/model", "stray"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("")
    told: list[str] = []
    record = SimpleNamespace(run=SimpleNamespace(path=tmp_path), is_live=False, is_done=True, files={})
    check_stray_files(record, SimpleNamespace(warn=lambda name, *said: told.append(name)))  # type: ignore[arg-type]
    assert told == ["stray"]


def test_sizes_are_those_of_all_files_but_the_document(tmp_path: Path) -> None:
    (tmp_path / "variables").mkdir()
    for name in ("export.json", "labels.json", "variables/data"):
        (tmp_path / name).write_text("12345")
    assert list_sizes(tmp_path) == {"labels.json": 5, "variables/data": 5}
    assert list_sizes(tmp_path, ("variables",)) == {"labels.json": 5}
