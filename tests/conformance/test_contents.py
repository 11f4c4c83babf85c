"""What an example's content is known by: the same wherever it lies and however it is divided, not for other pixels."""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from kerastune_ft.config.options.data import Folds, Fractions
from kerastune_ft.config.options.tasks import ImageClassification
from kerastune_ft.data.embedded import embedded_set
from kerastune_ft.data.source import DataSource
from tests.support.image_files import Open, class_folders, encode_image, pixels, write
from tests.support.table_files import open_table, pet_table

DEEP = np.random.default_rng(0).integers(0, 4096, (40, 8, 8), np.uint16)
LABELS = np.arange(40) % 4


def _by_key(source: DataSource) -> dict[str, str]:
    assert len(set(source.contents)) == len(source.keys)
    return dict(zip(source.keys, source.contents, strict=True))


def test_a_file_s_content_is_the_hash_of_its_bytes(tmp_path: Path, open_folder: Open) -> None:
    root = class_folders(tmp_path / "pets", 4)
    write(root / "cat" / "palette.bmp", encode_image(Image.fromarray(pixels(9)).convert("P"), "BMP"))
    source = open_folder(root)
    assert source.encoded
    assert _by_key(source) == {key: hashlib.sha256((root / key).read_bytes()).hexdigest() for key in source.keys}


def test_a_file_keeps_its_content_wherever_it_goes(tmp_path: Path, open_folder: Open) -> None:
    root = class_folders(tmp_path / "pets", 10)
    before = _by_key(open_folder(root))
    (root / "cat" / "3.png").rename(root / "dog" / "renamed.png")
    expected = {key: content for key, content in before.items() if key != "cat/3.png"}
    expected["dog/renamed.png"] = before["cat/3.png"]
    root.rename(tmp_path / "moved")
    for splits in (None, Fractions(train=0.5, validation=0.5, seed=3), Folds(folds=5, fold=2, test=0.2)):
        assert _by_key(open_folder(tmp_path / "moved", splits=splits)) == expected
    shutil.make_archive(str(tmp_path / "packed"), "zip", tmp_path / "moved")
    assert _by_key(open_folder(tmp_path / "packed.zip")) == expected


def test_a_table_knows_its_files_as_a_folder_does(tmp_path: Path, open_folder: Open) -> None:
    (tmp_path / "set").mkdir()
    path = pet_table(tmp_path / "set")
    table = open_table(path)
    for number, key in enumerate(table.keys):
        write(tmp_path / "folder" / "ab"[number % 2] / Path(key).name, (tmp_path / "set" / key).read_bytes())
    assert sorted(table.contents) == sorted(open_folder(tmp_path / "folder").contents)


def test_other_bytes_or_another_range_are_another_content(tmp_path: Path, open_folder: Open) -> None:
    for number, image in enumerate(DEEP[:8]):
        write(tmp_path / "set" / "ab"[number % 2] / f"{number}.png", tf.io.encode_png(image[..., np.newaxis]).numpy())
    sources = [
        open_folder(tmp_path / "set", intensity=span)
        for span in ((0.0, 4095.0), (0.0, 4000.0), (0.0, 1234567.0), (0.0, 1234568.0))
    ]
    assert len({content for source in sources for content in source.contents}) == 4 * 8
    assert open_folder(tmp_path / "set", intensity=(0.0, 4095.0)).contents == sources[0].contents
    # Each reads a copy of its own, that no other range has written.
    copies = {bytes(source._paths.numpy()[0]) for source in sources}
    assert len(copies) == 4
    write(tmp_path / "set" / "a" / "0.png", tf.io.encode_png(DEEP[9][..., np.newaxis]).numpy())
    after = _by_key(open_folder(tmp_path / "set", intensity=(0.0, 4095.0)))
    before = _by_key(sources[0])
    assert [key for key in before if before[key] != after[key]] == ["a/0.png"]


def test_a_row_of_an_array_is_known_by_file_array_row_and_range(tmp_path: Path, open_arrays: Open) -> None:
    def opened(name: str = "set.npz", **options: Any) -> list[str]:
        source = open_arrays(tmp_path / name, **{"intensity": (0.0, 4095.0), **options})
        assert not source.encoded
        assert source.find_changed(range(40)) == []
        return list(_by_key(source).values())

    np.savez(tmp_path / "set.npz", x=DEEP, y=LABELS, other=DEEP[::-1])
    first = opened()
    shutil.copy(tmp_path / "set.npz", tmp_path / "renamed.npz")
    assert opened("renamed.npz") == first
    assert opened(splits=Fractions(train=0.5, validation=0.5, seed=3)) == first
    others = [opened(x="other"), opened(intensity=(0.0, 4000.0))]
    np.savez(tmp_path / "set.npz", x=DEEP[::-1], y=LABELS)
    others.append(opened())
    assert len({*first, *(content for other in others for content in other)}) == 4 * 40


def test_an_embedded_image_is_known_by_its_pixels(open_tfds: Open) -> None:
    source, module = open_tfds("digits"), embedded_set("digits")
    assert not source.encoded
    for index in (0, 700, module.EXAMPLES - 1):
        assert source.contents[index] == hashlib.sha256(module.image(index)).hexdigest()
    assert open_tfds("digits", splits=Fractions(train=0.5, validation=0.5)).contents == source.contents
    assert source.find_changed([0, 1]) == []


def test_files_that_changed_since_they_were_checked_are_seen(tmp_path: Path, open_folder: Open) -> None:
    root = class_folders(tmp_path / "pets", 4)
    write(root / "cat" / "gray.tif", encode_image(pixels(9), "TIFF"))
    source = open_folder(root)
    place = {key: index for index, key in enumerate(source.keys)}
    assert source.find_changed(range(9)) == []
    status = (root / "cat" / "1.png").stat()
    os.utime(root / "cat" / "1.png", ns=(status.st_atime_ns, status.st_mtime_ns + 1))
    write(root / "dog" / "2.png", encode_image(pixels(77, 20, 20)))
    (root / "dog" / "3.png").unlink()
    # What is read in its place is a copy in the cache, which stays as it was.
    write(root / "cat" / "gray.tif", encode_image(pixels(10), "TIFF"))
    assert source.find_changed(np.arange(9)) == ["cat/1.png", "dog/2.png", "dog/3.png"]
    assert source.find_changed([place["dog/3.png"], place["cat/0.png"]]) == ["dog/3.png"]
    assert source.find_changed([]) == []
    again = open_folder(root)
    assert again.find_changed(range(8)) == []
    differ = {key for key in again.keys if _by_key(again)[key] != _by_key(source)[key]}
    assert differ == {"cat/gray.tif", "dog/2.png"}


def test_identities_are_the_beginning_of_the_content(tmp_path: Path, open_folder: Open) -> None:
    root = class_folders(tmp_path / "pets", 3)
    shutil.copy(root / "cat" / "0.png", root / "dog" / "copy.png")
    source = open_folder(root)
    identity = dict(zip(source.keys, source.identities.tolist(), strict=True))
    assert source.identities.dtype == np.int64
    assert source.identities.min() >= 0
    assert identity["cat/0.png"] == identity["dog/copy.png"]
    assert len(set(identity.values())) == 6
    assert all(
        f"{number:016x}" == f"{int(content[:16], 16) >> 1:016x}"
        for number, content in zip(source.identities.tolist(), source.contents, strict=True)
    )


@pytest.mark.parametrize("kind", ["folder", "arrays"])
def test_other_data_to_evaluate_on_has_contents_too(tmp_path: Path, kind: str) -> None:
    from kerastune_ft.config.options.data import ArraysData, FolderData
    from kerastune_ft.data.open import open_source

    if kind == "folder":
        options: Any = FolderData(path=str(class_folders(tmp_path / "pets", 4)))
    else:
        np.savez(tmp_path / "set.npz", x=DEEP.astype(np.uint8), y=LABELS)
        options = ArraysData(path=str(tmp_path / "set.npz"))
    source = open_source(options, ImageClassification(), tmp_path / "cache", lambda _: None, unsplit=True)
    assert len(_by_key(source)) == source.info.examples
