from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from kerastune_ft.config.options.data import FolderData, TfdsData
from kerastune_ft.errors import ConfigError, DataError
from kerastune_ft.fetching import data


@pytest.fixture(autouse=True)
def without_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(data, "load_engine", lambda: None)


def fetch(options: object, output: Path | None = None) -> list[tuple[str, str, dict[str, str]]]:
    found = data.fetch_data(options, output, lambda line: None)
    return [(str(each.path), each.source, overrides) for each, overrides in found]


def test_embedded_data_and_files_of_this_machine_need_nothing(tmp_path: Path) -> None:
    assert (
        fetch(TfdsData(kind="tfds", name="blood_smear")) == fetch(FolderData(kind="folder", path=str(tmp_path))) == []
    )


def test_a_data_set_is_prepared_where_the_library_keeps_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    class Builder:
        data_dir = str(tmp_path)
        info = SimpleNamespace(full_name="mnist/3.0.1")

        def download_and_prepare(self) -> None:
            (tmp_path / "mnist.tfrecord").write_bytes(b"1")

    def build(name: str, data_dir: str | None) -> Builder:
        asked.append((name, data_dir))
        return Builder()

    monkeypatch.setitem(sys.modules, "tensorflow_datasets", SimpleNamespace(builder=build))
    made = fetch(TfdsData(kind="tfds", name="mnist"))
    assert made == [(str(tmp_path / "mnist.tfrecord"), "tfds mnist/3.0.1", {})] and asked == [("mnist", None)]


def test_a_data_set_that_cannot_be_prepared_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    def build(name: str, data_dir: str | None) -> None:
        raise ConnectionError("no route\nto host")

    monkeypatch.setitem(sys.modules, "tensorflow_datasets", SimpleNamespace(builder=build))
    with pytest.raises(DataError, match=r"mnist cannot be prepared: no route$"):
        fetch(TfdsData(kind="tfds", name="mnist"))


def test_a_file_in_a_bucket_is_copied_and_the_run_told_where(tmp_path: Path) -> None:
    (tmp_path / "photos.zip").write_bytes(b"zip")
    options = FolderData(kind="folder", path=f"file://{tmp_path}/photos.zip")
    ((path, source, overrides),) = fetch(options, tmp_path / "out")
    assert Path(path).read_bytes() == b"zip" and source.startswith("file://") and overrides == {"data.path": path}
    assert [each.name for each in (tmp_path / "out/data").iterdir()] == ["photos.zip"]
    with pytest.raises(ConfigError, match="--output DIR"):
        fetch(options)
    with pytest.raises(ConfigError, match="no single file"):
        fetch(FolderData(kind="folder", path=f"file://{tmp_path}"), tmp_path / "out")
