"""Folders as they are found in the world: every file of them is read as it should be, or named."""

from __future__ import annotations

import os
import socket
import threading
import warnings
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from PIL import ExifTags, Image

from kerastune_ft import storage
from kerastune_ft.config.options.data import TableData
from kerastune_ft.config.options.tasks import ImageClassification
from kerastune_ft.data.open import open_source
from kerastune_ft.data.source import DataSource
from kerastune_ft.errors import DataError
from kerastune_ft.input.decode import Geometry, decode_image
from tests.support.image_files import Open, class_folders, encode_image, pixels, write
from tests.support.processes import HANG

RGB = Image.fromarray(pixels(5))
PNG = encode_image(RGB)
JPEG = encode_image(Image.fromarray(pixels(5, 64, 64)), "JPEG")


def _frames(format: str, **options: Any) -> bytes:
    return encode_image(RGB, format, save_all=True, append_images=[RGB.rotate(180)], **options)


def _exif(content: bytes) -> bytes:
    """A JPEG whose EXIF block is noise."""
    return content[:2] + b"\xff\xe1\x00\x10Exif\0\0" + b"\xff" * 8 + content[2:]


def _bomb() -> bytes:
    """A PNG of a few hundred bytes that says it has 40000 x 40000 pixels."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return len(body).to_bytes(4, "big") + kind + body + zlib.crc32(kind + body).to_bytes(4, "big")

    header = (40000).to_bytes(4, "big") * 2 + b"\x08\x02\0\0\0"
    return PNG[:8] + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 1000)) + chunk(b"IEND", b"")


EXIF = Image.Exif()
EXIF[ExifTags.Base.Orientation] = 6

READ: dict[str, tuple[str, bytes, np.ndarray | None]] = {
    "PNG named .jpg": ("a.jpg", PNG, np.asarray(RGB)),
    "JPEG named .png": ("a.png", JPEG, None),
    "WebP named .gif": ("a.gif", encode_image(RGB, "WEBP", lossless=True), np.asarray(RGB)),
    "upper case suffix": ("a.PNG", PNG, np.asarray(RGB)),
    "CMYK": ("a.jpg", encode_image(RGB.convert("CMYK"), "JPEG"), None),
    "one pixel": ("a.png", encode_image(np.full((1, 1, 3), 7, np.uint8)), np.full((12, 16, 3), 7, np.uint8)),
    "very wide": ("a.png", encode_image(np.full((10, 20000, 3), 7, np.uint8)), np.full((12, 16, 3), 7, np.uint8)),
    "very high": ("a.png", encode_image(np.full((20000, 10, 3), 7, np.uint8)), np.full((12, 16, 3), 7, np.uint8)),
    "animated GIF": ("a.gif", _frames("GIF"), np.asarray(RGB.quantize().convert("RGB"))),
    "animated WebP": ("a.webp", _frames("WEBP", lossless=True), np.asarray(RGB)),
    "animated PNG": ("a.png", _frames("PNG"), np.asarray(RGB)),
    "progressive JPEG": ("a.jpg", encode_image(RGB, "JPEG", progressive=True), None),
    "EXIF of noise": ("a.jpg", _exif(JPEG), None),
    "EXIF cut": ("a.jpg", encode_image(RGB, "JPEG", exif=EXIF.tobytes()[:20]), None),
    "unicode name": ("фото 猫 é🐈.png", PNG, np.asarray(RGB)),
    "name of 250 bytes": ("é" * 123 + ".png", PNG, np.asarray(RGB)),
    "name with line end": ("a\nb\x1b[31m.png", PNG, np.asarray(RGB)),
    "name of spaces": ("  .png", PNG, np.asarray(RGB)),
    "name of a pattern": ("*[a]?%s{x}.png", PNG, np.asarray(RGB)),
}


@pytest.mark.parametrize("case", READ)
def test_odd_files_are_read(tmp_path: Path, open_folder: Open, case: str) -> None:
    name, content, expected = READ[case]
    root = class_folders(tmp_path / "pets", 4)
    write(root / "aaa" / name, content)
    for index in range(3):
        write(root / "aaa" / f"z{index}.png", encode_image(pixels(900 + index)))
    source = open_folder(root)
    assert source.info.examples == 12
    assert source.info.skipped == ()
    place = next(number for number, key in enumerate(source.keys) if not key.startswith(("aaa/z", "cat", "dog")))
    assert source.keys[place].isprintable()
    found = decode_image(source.element(tf.constant(place, tf.int64))["image"], Geometry(12, 16, "stretch")).numpy()
    if expected is None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            shown = Image.open(root / "aaa" / name).convert("RGB").resize((16, 12), Image.Resampling.BILINEAR)
        expected = np.asarray(shown)
        assert np.abs(found.astype(int) - expected).mean() < 8
    elif case == "animated GIF":
        assert np.abs(found.astype(int) - np.asarray(RGB)).mean() < 30
    else:
        assert np.array_equal(found, expected)


BAD: dict[str, tuple[str, Callable[[Path], Any], str]] = {
    "zero bytes": ("bad.png", lambda path: path.write_bytes(b""), "is empty"),
    "half a JPEG": ("bad.jpg", lambda path: path.write_bytes(JPEG[: len(JPEG) // 2]), "is damaged"),
    "half a PNG": ("bad.png", lambda path: path.write_bytes(PNG[: len(PNG) // 2]), "is damaged"),
    "text named .png": ("bad.png", lambda path: path.write_bytes(b"a,b\n1,2\n" * 99), "is no image that can be read"),
    "noise": ("bad.jpg", lambda path: path.write_bytes(os.urandom(999)), "is no image|is damaged"),
    "bomb": ("bad.png", lambda path: path.write_bytes(_bomb()), "is too large to be decoded safely"),
    "DICOM named .png": ("bad.png", lambda path: path.write_bytes(b"\0" * 128 + b"DICM"), "is DICOM without a picture"),
    "pipe": ("bad.png", os.mkfifo, "is a pipe, a socket or a device"),
    "link to itself": ("bad.png", lambda path: path.symlink_to(path), "cannot be read: too many levels"),
    "link to nothing": ("bad.png", lambda path: path.symlink_to("nowhere"), "is not there"),
    "link to a device": ("bad.png", lambda path: path.symlink_to("/dev/zero"), "is a pipe, a socket or a device"),
}


def _within_a_minute(action: Callable[[], Any]) -> Any:
    """Do something that may wait for ever, and fail where it does."""
    outcome: list[Any] = []

    def act() -> None:
        try:
            outcome.append((action(), None))
        except Exception as problem:
            outcome.append((None, problem))

    thread = threading.Thread(target=act, daemon=True)
    thread.start()
    thread.join(HANG)
    assert outcome, "it hangs"
    result, problem = outcome[0]
    if problem is not None:
        raise problem
    return result


@pytest.mark.parametrize("case", BAD)
def test_unusable_files_are_named_or_left_out(tmp_path: Path, open_folder: Open, case: str) -> None:
    name, make, reason = BAD[case]
    root = class_folders(tmp_path / "pets", 4)
    make(root / "cat" / name)
    with pytest.raises(DataError, match=rf"1 of 9 image files (.|\n)*cat/{name}  .*({reason})"):
        _within_a_minute(lambda: open_folder(root))
    source = _within_a_minute(lambda: open_folder(root, on_bad_file="skip", on_missing="skip"))
    assert source.info.examples == 8
    assert [file.path for file in source.info.skipped] == [f"cat/{name}"]


def test_a_socket_is_named(tmp_path: Path, open_folder: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    root = class_folders(tmp_path / "pets", 4)
    monkeypatch.chdir(root / "cat")  # The path of a socket may have no more than 100 letters.
    with socket.socket(socket.AF_UNIX) as opened:
        opened.bind("bad.png")
        with pytest.raises(DataError, match=r"cat/bad.png  is a pipe, a socket or a device"):
            _within_a_minute(lambda: open_folder(root))


def test_a_file_that_may_not_be_read_is_named(
    tmp_path: Path, open_folder: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = class_folders(tmp_path / "pets", 4)

    def guard(path: str) -> bytes:
        if path.endswith("cat/2.png"):
            raise PermissionError(13, "Permission denied")
        return Path(path).read_bytes()

    monkeypatch.setattr(storage, "read", guard)
    with pytest.raises(DataError, match=r"1 of 8 (.|\n)*cat/2.png  cannot be read: permission denied"):
        open_folder(root)
    assert open_folder(root, on_bad_file="skip").info.examples == 7


def test_a_folder_named_like_an_image_is_a_folder(tmp_path: Path, open_folder: Open) -> None:
    root = class_folders(tmp_path / "pets", 4)
    write(root / "cat" / "x.png" / "inside.png", encode_image(pixels(99)))
    (root / "dog" / "y.png").mkdir()
    source = open_folder(root)
    assert source.info.examples == 9
    assert "cat/x.png/inside.png" in source.keys


def test_a_link_loop_of_folders_ends(tmp_path: Path, open_folder: Open) -> None:
    root = class_folders(tmp_path / "pets", 4)
    (root / "cat" / "again").symlink_to(root, target_is_directory=True)
    (root / "dog" / "other").symlink_to(root / "cat", target_is_directory=True)
    source = _within_a_minute(lambda: open_folder(root))
    assert source.info.examples == 8
    assert any("cat/again" in note and "dog/other" in note for note in source.info.notes)


@pytest.mark.parametrize("folders", [(), ("cat", "dog")])
def test_folders_without_an_image(tmp_path: Path, open_folder: Open, folders: tuple[str, ...]) -> None:
    (tmp_path / "pets").mkdir()
    for name in folders:
        (tmp_path / "pets" / name).mkdir()
    with pytest.raises(DataError, match=r"has no image|has no sub-folders"):
        open_folder(tmp_path / "pets")


def test_a_pipe_is_no_archive(tmp_path: Path, open_folder: Open) -> None:
    os.mkfifo(tmp_path / "pets.zip")
    with pytest.raises(DataError, match=r"neither a folder nor a .zip or .tar"):
        _within_a_minute(lambda: open_folder(tmp_path / "pets.zip"))


def _table(place: Path, names: list[str], **options: Any) -> DataSource:
    rows = "".join(f'"{name}",{"ab"[index % 2]}\n' for index, name in enumerate(names))
    write(place / "cases.csv", f"image,label\n{rows}".encode())
    table = TableData(path=str(place / "cases.csv"), input="image", label="label", **options)
    return open_source(table, ImageClassification(), place / "cache", lambda line: None)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("bad.dcm", "is no image that can be read"),
        ("bad.png", "is a pipe"),
        ("x", "is a folder"),
    ],
)
def test_rows_of_a_table_that_name_what_is_no_image(tmp_path: Path, name: str, reason: str) -> None:
    names = [f"{index}.png" for index in range(20)]
    for index, one in enumerate(names):
        write(tmp_path / one, encode_image(pixels(index)))
    (tmp_path / "x").mkdir()
    os.mkfifo(tmp_path / "bad.png")
    write(tmp_path / "bad.dcm", b"no preamble, as old DICOM files have none")
    with pytest.raises(DataError, match=rf"row 22: {name}  {reason}"):
        _within_a_minute(lambda: _table(tmp_path, [*names, name]))
    assert _table(tmp_path, [*names, name], on_bad_file="skip").info.examples == 20


def test_what_was_found_is_remembered_with_its_size(tmp_path: Path, open_folder: Open) -> None:
    root = class_folders(tmp_path / "pets", 4)
    write(root / "cat" / "long.png", encode_image(pixels(3, 7, 90)))
    for _ in range(2):
        source = open_folder(root)
        assert source.image_sizes is not None
        assert source.image_sizes.tolist() == [[12, 16] if "long" not in key else [7, 90] for key in source.keys]


def test_a_record_from_before_sizes_is_made_anew(tmp_path: Path, open_folder: Open) -> None:
    root = class_folders(tmp_path / "pets", 4)
    open_folder(root)
    (records,) = (tmp_path / "cache" / "files").iterdir()
    text = records.read_text()
    assert '"size": [12, 16]' in text
    records.write_text(text.replace(', "size": [12, 16]', ""))
    sizes = open_folder(root).image_sizes
    assert sizes is not None
    assert sizes.tolist() == [[12, 16]] * 8
    assert records.read_text() == text
