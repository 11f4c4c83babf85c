"""Data on another file system: the same examples, splits, fingerprints and messages as on a disk."""

from __future__ import annotations

import itertools
import os
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from kerastune_ft.config.options.data import ArraysData, FolderData, TableData
from kerastune_ft.config.options.tasks import ImageClassification
from kerastune_ft.data.open import open_source
from kerastune_ft.data.source import DataSource
from kerastune_ft.errors import DataError
from kerastune_ft.storage import path_of
from tests.support.image_files import class_folders, encode_image, pixels, write
from tests.support.table_files import format_delimited

Mirror = Callable[[Path], str]
_COUNT = itertools.count()


@pytest.fixture(params=["ram", "file"])
def mirror(request: pytest.FixtureRequest) -> Mirror:
    """Puts a local file or folder on a file system of TensorFlow and returns its URI."""

    def in_memory(place: Path) -> str:
        root = f"ram://data{next(_COUNT)}"
        for path in [place, *sorted(place.rglob("*"))]:
            target = path_of(f"{root}/{path.relative_to(place.parent)}")
            if path.is_dir():
                target.mkdir(exist_ok=True)
            else:
                target.parent.mkdir(exist_ok=True)
                target.write_bytes(path.read_bytes())
        return f"{root}/{place.name}"

    return in_memory if request.param == "ram" else lambda place: f"file://{place}"


@pytest.fixture
def opened(tmp_path: Path, said: list[str]) -> Callable[..., DataSource]:
    def opened(options: Any) -> DataSource:
        return open_source(options, ImageClassification(), tmp_path / "cache", said.append)

    return opened


def assert_same(one: DataSource, other: DataSource) -> None:
    assert one.keys == other.keys
    assert one.info.fingerprint == other.info.fingerprint
    assert one.contents == other.contents
    assert one.find_changed(range(len(one.keys))) == other.find_changed(range(len(one.keys))) == []
    assert one.info.counts == other.info.counts
    assert {name: list(split) for name, split in one.splits.items()} == {
        name: list(split) for name, split in other.splits.items()
    }
    for index in (0, len(one.keys) - 1):
        assert np.array_equal(one.element(index)["image"].numpy(), other.element(index)["image"].numpy())


def test_a_folder_with_splits_and_all_that_is_left_out(
    tmp_path: Path, mirror: Mirror, opened: Callable[..., DataSource]
) -> None:
    for number, split in enumerate(("train", "test")):
        class_folders(tmp_path / "photos" / split, 5, seed=100 * number)
    write(tmp_path / "photos" / "train" / "cat" / "notes.txt", b"")
    write(tmp_path / "photos" / "train" / ".cache" / "x.png", b"")
    write(tmp_path / "photos" / "train" / "dog" / "p1" / "gray.bmp", encode_image(pixels(7), "BMP"))
    local = opened(FolderData(path=str(tmp_path / "photos")))
    remote = opened(FolderData(path=mirror(tmp_path / "photos")))
    assert_same(local, remote)
    assert remote.info.notes == local.info.notes
    assert "train/dog/p1/gray.bmp" in remote.keys


def test_bad_files_of_a_bucket_are_named_as_those_of_a_disk(
    tmp_path: Path, mirror: Mirror, opened: Callable[..., DataSource]
) -> None:
    root = class_folders(tmp_path / "photos")
    write(root / "cat" / "3.png", b"no image")
    write(root / "dog" / "4.png", b"")
    with pytest.raises(DataError, match=r"2 of 20 image files in .*photos cannot be used") as caught:
        opened(FolderData(path=mirror(root)))
    assert "cat/3.png  is no image that can be read" in str(caught.value)
    assert "dog/4.png  is empty" in str(caught.value)
    assert len(opened(FolderData(path=mirror(root), on_bad_file="skip")).keys) == 18


def test_a_changed_file_is_seen(tmp_path: Path, mirror: Mirror, opened: Callable[..., DataSource]) -> None:
    root = class_folders(tmp_path / "photos")
    # TensorFlow's file systems tell whole seconds, and memory no time at all.
    os.utime(root / "cat" / "0.png", (1, 1))
    place = mirror(root)
    before = opened(FolderData(path=place)).info.fingerprint
    assert opened(FolderData(path=place)).info.fingerprint == before
    # Of the same size.
    path_of(f"{place}/cat/0.png").write_bytes(path_of(f"{place}/cat/1.png").read_bytes())
    assert opened(FolderData(path=place)).info.fingerprint != before


def test_a_file_that_went_away_is_named(tmp_path: Path, mirror: Mirror, opened: Callable[..., DataSource]) -> None:
    place = mirror(class_folders(tmp_path / "photos"))
    source = opened(FolderData(path=place))
    assert source.find_lost() == []
    path_of(f"{place}/dog/5.png").unlink()
    assert source.find_lost() == [("dog/5.png", "is not there any more")]


@pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".parquet"])
def test_a_table_and_the_images_it_names(
    tmp_path: Path, mirror: Mirror, opened: Callable[..., DataSource], suffix: str
) -> None:
    root = tmp_path / "cases"
    names = [f"images/{number:03}.png" for number in range(20)]
    for number, name in enumerate(names):
        write(root / name, encode_image(pixels(number)))
    frame = pd.DataFrame({"image": names, "label": ["ill", "well"] * 10})
    writers: dict[str, Callable[[Path], Any]] = {
        ".csv": lambda path: frame.to_csv(path, index=False),
        ".jsonl": lambda path: frame.to_json(path, orient="records", lines=True),
        ".parquet": frame.to_parquet,
    }
    writers[suffix](root / f"cases{suffix}")
    options = {"kind": "table", "input": "image", "label": "label"}
    local = opened(TableData(path=str(root / f"cases{suffix}"), **options))
    assert_same(local, opened(TableData(path=f"{mirror(root)}/cases{suffix}", **options)))


def test_a_local_table_may_name_images_by_their_uris(
    tmp_path: Path, mirror: Mirror, opened: Callable[..., DataSource]
) -> None:
    place = mirror(class_folders(tmp_path / "photos"))
    rows = [(f"{place}/{name}/{number}.png", name) for name in ("cat", "dog") for number in range(10)]
    table = write(tmp_path / "table" / "cases.csv", format_delimited(("image", "label"), rows))
    source = opened(TableData(path=str(table), input="image", label="label"))
    assert source.keys == [name for name, _ in rows]


def test_a_wrong_name_in_a_remote_table_is_explained(
    tmp_path: Path, mirror: Mirror, opened: Callable[..., DataSource]
) -> None:
    root = tmp_path / "cases"
    for number in range(4):
        write(root / "images" / f"{number}.png", encode_image(pixels(number)))
    rows = [(str(number), "ab"[number % 2]) for number in range(4)]
    write(root / "cases.csv", format_delimited(("id", "label"), rows))
    place = mirror(root)
    with pytest.raises(DataError, match=r"write  \"input\": \"images/\{id\}\.png\""):
        opened(TableData(path=f"{place}/cases.csv", input="id", label="label"))
    with pytest.raises(DataError, match=r"case\.csv is not there; did you mean \".*cases\.csv\""):
        opened(TableData(path=f"{place}/case.csv", input="id", label="label"))


def test_arrays_and_archives_are_fetched_once(
    tmp_path: Path, mirror: Mirror, opened: Callable[..., DataSource], said: list[str]
) -> None:
    images = np.stack([pixels(number) for number in range(20)])
    np.savez(tmp_path / "data.npz", x=images, y=np.arange(20) % 2)
    class_folders(tmp_path / "photos")
    packed = Path(shutil.make_archive(str(tmp_path / "packed"), "zip", tmp_path, "photos"))
    assert_same(
        opened(ArraysData(path=str(tmp_path / "data.npz"))), opened(ArraysData(path=mirror(tmp_path / "data.npz")))
    )
    place = mirror(packed)
    assert_same(opened(FolderData(path=str(packed))), opened(FolderData(path=place)))
    assert f"fetching {place} into the cache, once" in said
    write(tmp_path / "broken.zip", b"PK no archive")
    with pytest.raises(DataError, match=r"broken\.zip is neither a folder nor a \.zip"):
        opened(FolderData(path=mirror(tmp_path / "broken.zip")))


def test_an_archive_packed_anew_is_fetched_anew(tmp_path: Path, opened: Callable[..., DataSource]) -> None:
    packed = tmp_path / "packed.zip"
    for count in (10, 12):
        root = class_folders(tmp_path / f"photos{count}", count)
        with zipfile.ZipFile(packed, "w") as archive:
            for path in root.rglob("*.png"):
                archive.write(path, path.relative_to(root))
        os.utime(packed, (count, count))
        assert len(opened(FolderData(path=f"file://{packed}")).keys) == 2 * count


def test_a_folder_that_is_not_there_is_an_error_of_the_data(
    tmp_path: Path, mirror: Mirror, opened: Callable[..., DataSource]
) -> None:
    place = mirror(class_folders(tmp_path / "photos"))
    with pytest.raises(DataError, match=r"photoz is not there; did you mean \".*photos\""):
        opened(FolderData(path=place.removesuffix("s") + "z"))
    with pytest.raises(DataError, match=r"^data\.path: nope://bucket/x cannot be reached: TensorFlow has no file"):
        opened(FolderData(path="nope://bucket/x"))
