from __future__ import annotations

from pathlib import Path

import pytest

from kerastune_ft.doctor import places
from kerastune_ft.doctor.finding import BROKEN, NOTE, WARNING
from kerastune_ft.doctor.places import Place


def test_folders_follow_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    named = {
        "KERASTUNE_CACHE": "a",
        "KERAS_HOME": "b",
        "KAGGLEHUB_CACHE": "c",
        "HF_HUB_CACHE": "d",
        "TFDS_DATA_DIR": "e",
    }
    for name, folder in named.items():
        monkeypatch.setenv(name, str(tmp_path / folder))
    chosen = {place.chosen_by: place.path for place in places.list_places()}
    assert {name: chosen[name] for name in named} == {
        name: tmp_path / folder / ("models" if name == "KERAS_HOME" else "") for name, folder in named.items()
    }
    for name in named:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert {place.path for place in places.list_places()} >= {
        tmp_path / ".keras/models",
        tmp_path / "tensorflow_datasets",
    }


def test_a_cache_is_measured(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep/one").write_bytes(b"12345")
    (tmp_path / "two").write_bytes(b"1")
    assert places.measure_folder(tmp_path) == (2, 6, True)
    assert places.measure_folder(tmp_path, most=1) == (1, (tmp_path / "two").stat().st_size, False)
    section = places.examine_place(Place("presets", tmp_path, "KAGGLEHUB_CACHE"))
    assert "6 B" in section.findings[0].text and section.facts["files"] == 2


def test_a_folder_that_cannot_be_written_is_broken_where_it_is_needed(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for is_needed, level in ((True, BROKEN), (False, NOTE)):
        place = Place("features", tmp_path / "file/in", "KERASTUNE_CACHE", is_needed)
        (finding,) = places.examine_place(place).findings
        assert finding.level == level and "file is no folder" in finding.text
        assert finding.remedy == "name another place in KERASTUNE_CACHE"


def test_a_cache_on_a_network_is_a_warning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(places, "is_network", lambda folder: True)
    (finding,) = places.examine_place(Place("features", tmp_path, "KERASTUNE_CACHE", True)).findings
    assert finding.level == WARNING and finding.remedy == "export KERASTUNE_CACHE=/a/local/folder"


def test_no_home_is_broken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KERASTUNE_CACHE", raising=False)
    monkeypatch.setattr("kerastune_ft.config.options.runtime.expand_home", str)
    (finding,) = places.examine_places().findings
    assert finding.level == BROKEN and "no home directory" in finding.text


def test_trying_a_folder_leaves_nothing(tmp_path: Path) -> None:
    assert places.find_write_fault(tmp_path / "new/folder") == "" and not list(tmp_path.iterdir())
