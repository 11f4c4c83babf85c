from __future__ import annotations

import io
import shutil
import tarfile
import zipfile
from pathlib import Path

import pytest

from kerastune_ft.errors import DataError
from tests.support.image_files import Open, class_folders, encode_image, pixels


@pytest.mark.parametrize(("format", "suffix"), [("zip", "zip"), ("tar", "tar"), ("gztar", "tar.gz")])
@pytest.mark.parametrize("wrapped", [False, True])
def test_archives_are_unpacked_once(
    tmp_path: Path, open_folder: Open, said: list[str], format: str, suffix: str, wrapped: bool
) -> None:
    root = class_folders(tmp_path / "a" / "pets", 4)
    shutil.make_archive(str(tmp_path / "pets"), format, root.parent if wrapped else root)
    source = open_folder(tmp_path / f"pets.{suffix}")
    assert source.info.fingerprint == open_folder(root).info.fingerprint
    assert said == [f"unpacking pets.{suffix} into the cache, once"]
    open_folder(tmp_path / f"pets.{suffix}")
    assert len(said) == 1


@pytest.mark.parametrize("name", ["../evil.png", "/evil.png", "cat/../../evil.png", "..\\evil.png"])
@pytest.mark.parametrize("kind", ["zip", "tar"])
def test_names_outside_the_archive_are_refused(tmp_path: Path, open_folder: Open, name: str, kind: str) -> None:
    path = tmp_path / f"evil.{kind}"
    content = encode_image(pixels())
    if kind == "zip":
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr(name, content)
    else:
        with tarfile.open(path, "w") as archive:
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    with pytest.raises(DataError, match="points outside the archive"):
        open_folder(path)
    assert not list(tmp_path.rglob("evil.png"))


def test_links_in_a_tar_are_left_out(tmp_path: Path, open_folder: Open) -> None:
    root = class_folders(tmp_path / "pets", 4)
    (root / "cat" / "link.png").symlink_to("/etc/hostname")
    shutil.make_archive(str(tmp_path / "pets"), "tar", root)
    assert open_folder(tmp_path / "pets.tar").info.examples == 8


def test_damaged_archives_are_data_errors(tmp_path: Path, open_folder: Open) -> None:
    shutil.make_archive(str(tmp_path / "pets"), "gztar", class_folders(tmp_path / "pets", 4))
    whole = (tmp_path / "pets.tar.gz").read_bytes()
    (tmp_path / "cut.tar.gz").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DataError, match="cannot be unpacked"):
        open_folder(tmp_path / "cut.tar.gz")
    (tmp_path / "text.zip").write_bytes(b"not an archive")
    with pytest.raises(DataError, match=r"neither a folder nor a .zip or .tar"):
        open_folder(tmp_path / "text.zip")
    assert not list((tmp_path / "cache" / "archives").glob("[0-9a-f]*[0-9a-f]"))
