from __future__ import annotations

import errno
import hashlib
import io
import os
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from PIL import ExifTags, Image, ImageOps

from kerastune_ft.config.options.data import FolderData
from kerastune_ft.config.options.tasks import ImageClassification
from kerastune_ft.data.files import fingerprint
from kerastune_ft.data.open import open_source
from kerastune_ft.data.source import DataSource
from kerastune_ft.errors import DataError, ResourceError
from kerastune_ft.input.decode import Geometry, fit_pixels, read_pixels
from kerastune_ft.rules import FIRST
from tests.support.image_files import Open, class_folders, encode_image, pixels, write

RGB = Image.fromarray(pixels(5))
PNG = encode_image(RGB)
JPEG = encode_image(Image.fromarray(pixels(5, 64, 64)), "JPEG")
DEEP = np.arange(192, dtype=np.uint16).reshape(12, 16) * 20 + 7

BAD = {
    "empty": (b"", "is empty"),
    "text": (b"hello", "is no image that can be read"),
    "page": (b"<!DOCTYPE html><html>", "is a web page or XML"),
    "cut_jpeg": (JPEG[: len(JPEG) // 2], "is damaged: .*truncated"),
    "cut_png": (PNG[: len(PNG) // 2], "is damaged"),
    "cut_gif": (encode_image(RGB, "GIF")[:-100], "is damaged"),
    "cut_bmp": (encode_image(RGB, "BMP")[:-100], "is damaged"),
    "head_only": (PNG[:20], "is (damaged|no image)"),
    "flipped_png": (PNG[:200] + bytes([PNG[200] ^ 255]) + PNG[201:], "is damaged"),
    "dicom": (b"\0" * 128 + b"DICM", "is DICOM without a picture"),
}


def _image(source: DataSource, name: str) -> np.ndarray:
    index = next(number for number, key in enumerate(source.keys) if name in key)
    pixels = read_pixels(source, source.element(tf.constant(index, tf.int64)))
    return fit_pixels(pixels, Geometry(12, 16, "stretch")).numpy()


@pytest.mark.parametrize("name", BAD)
def test_bad_files_are_named_or_skipped(tmp_path: Path, open_folder: Open, name: str) -> None:
    content, reason = BAD[name]
    root = class_folders(tmp_path / "pets", 4)
    write(root / "cat" / "bad.jpg", content)
    with pytest.raises(DataError, match=rf"1 of 9 image files .*\n  cat/bad.jpg  {reason}") as caught:
        open_folder(root)
    assert '"on_bad_file": "skip"' in str(caught.value)
    source = open_folder(root, on_bad_file="skip")
    assert source.info.examples == 8
    assert [file.path for file in source.info.skipped] == ["cat/bad.jpg"]


def test_all_bad_files_are_counted_and_twenty_named(tmp_path: Path, open_folder: Open) -> None:
    root = class_folders(tmp_path / "pets", 4)
    for index in range(30):
        write(root / "cat" / f"bad{index:02}.jpg", b"")
    with pytest.raises(DataError, match="30 of 38 image files") as caught:
        open_folder(root)
    assert str(caught.value).count("is empty") == 20
    assert "and 10 more" in str(caught.value)


def test_nothing_readable_is_an_error_even_when_skipping(tmp_path: Path, open_folder: Open) -> None:
    write(tmp_path / "pets" / "cat" / "a.jpg", b"")
    write(tmp_path / "pets" / "dog" / "a.jpg", b"")
    with pytest.raises(DataError, match="none of the 2 image files"):
        open_folder(tmp_path / "pets", on_bad_file="skip")


def test_broken_links_are_missing_files(tmp_path: Path, open_folder: Open) -> None:
    root = class_folders(tmp_path / "pets", 4)
    (root / "cat" / "gone.png").symlink_to(tmp_path / "nowhere.png")
    with pytest.raises(DataError, match=r"gone.png  is not there(.|\n)* \"on_missing\": \"skip\"  in data"):
        open_folder(root, on_bad_file="skip")
    assert open_folder(root, on_missing="skip").info.examples == 8
    write(root / "cat" / "bad.png", b"")
    with pytest.raises(DataError, match='write  "on_bad_file": "skip", "on_missing": "skip"  in data'):
        open_folder(root)
    with pytest.raises(DataError, match='write  "on_missing": "skip"  in data'):
        open_folder(root, on_bad_file="skip")


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP"])
def test_photos_stored_rotated_are_said_and_turned(tmp_path: Path, open_folder: Open, format: str) -> None:
    root = class_folders(tmp_path / "pets", 4)
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    write(root / "cat" / "this.jpg", encode_image(RGB, format, exif=exif, lossless=True))
    shown = np.asarray(ImageOps.exif_transpose(Image.open(root / "cat" / "this.jpg")))
    for _ in range(2):  # Looked at, then remembered.
        source = open_folder(root)
        assert "1 photo is stored rotated (EXIF) and turned as viewers show them (data.exif apply)" in source.info.notes
        index = source.keys.index("cat/this.jpg")
        assert np.array_equal(read_pixels(source, source.element(tf.constant(index, tf.int64))), shown)
        assert source.image_sizes is not None
        assert source.image_sizes[index].tolist() == [16, 12]
    ignored = open_folder(root, exif="ignore")
    assert "1 photo is stored rotated (EXIF) and used as stored (data.exif ignore)" in ignored.info.notes
    assert ignored.contents[index] != source.contents[index], "features of one are none of the other"
    assert np.array_equal(read_pixels(ignored, ignored.element(tf.constant(index, tf.int64))), np.rot90(shown))
    exif[ExifTags.Base.Orientation] = 1
    write(root / "cat" / "this.jpg", encode_image(RGB, format, exif=exif))
    assert not any("EXIF" in note for note in open_folder(root).info.notes)


SAME_PIXELS = {
    "png": encode_image(RGB),
    "no_end_mark": PNG[:-14],
    "alpha": encode_image(RGB.convert("RGBA")),
    "bmp": encode_image(RGB, "BMP"),
    "bmp32": encode_image(RGB.convert("RGBA"), "BMP"),
    "tiff": encode_image(RGB, "TIFF"),
    "webp": encode_image(RGB, "WEBP", lossless=True),
}


@pytest.mark.parametrize("name", SAME_PIXELS)
def test_lossless_formats_give_the_same_pixels_whatever_the_suffix(
    tmp_path: Path, open_folder: Open, name: str
) -> None:
    root = class_folders(tmp_path / "pets", 4)
    write(root / "cat" / "this.jpg", SAME_PIXELS[name])
    assert np.array_equal(_image(open_folder(root), "this"), np.asarray(RGB))


CONVERTED = {
    "grey": RGB.convert("L"),
    "palette": RGB.convert("P"),
    "one_bit": RGB.convert("1"),
}


@pytest.mark.parametrize("format", ["PNG", "BMP", "GIF", "TIFF"])
@pytest.mark.parametrize("name", CONVERTED)
def test_grey_palette_and_one_bit_images(tmp_path: Path, open_folder: Open, name: str, format: str) -> None:
    root = class_folders(tmp_path / "pets", 4)
    content = write(root / "cat" / "this.png", encode_image(CONVERTED[name], format)).read_bytes()
    expected = np.asarray(Image.open(io.BytesIO(content)).convert("RGB"))
    assert np.array_equal(_image(open_folder(root), "this"), expected)


def test_transparency_shows_white(tmp_path: Path, open_folder: Open) -> None:
    root = class_folders(tmp_path / "pets", 4)
    clear = RGB.convert("RGBA")
    clear.putalpha(0)
    write(root / "cat" / "this.png", encode_image(clear))
    palette = RGB.convert("P")
    write(root / "cat" / "palette.png", encode_image(palette, transparency=palette.getpixel((0, 0))))
    source = open_folder(root)
    assert _image(source, "this").min() == 255
    assert _image(source, "palette")[0, 0].tolist() == [255, 255, 255]


def test_cmyk_jpeg_is_read_as_colours(tmp_path: Path, open_folder: Open) -> None:
    root = class_folders(tmp_path / "pets", 4)
    flat = Image.new("RGB", (16, 12), (200, 40, 90))
    write(root / "cat" / "this.jpg", encode_image(flat.convert("CMYK"), "JPEG", quality=95))
    assert np.abs(_image(open_folder(root), "this").astype(int) - [200, 40, 90]).max() <= 6


def test_animated_gif_is_its_first_frame(tmp_path: Path, open_folder: Open) -> None:
    root = class_folders(tmp_path / "pets", 4)
    first = RGB.convert("P")
    write(root / "cat" / "this.gif", encode_image(first, "GIF", save_all=True, append_images=[first.rotate(180)]))
    assert np.array_equal(_image(open_folder(root), "this"), np.asarray(first.convert("RGB")))


@pytest.mark.parametrize("format", ["PNG", "TIFF"])
def test_deep_images_need_an_intensity_range(tmp_path: Path, open_folder: Open, format: str) -> None:
    root = class_folders(tmp_path / "pets", 4)
    write(root / "cat" / "this.png", encode_image(DEEP, format))
    for choice in ("error", "skip"):
        with pytest.raises(DataError, match=r"1 of 9 images have more than 8 bits .*from 7 to 3827") as caught:
            open_folder(root, on_bad_file=choice)
        assert '"intensity": [7, 3827]' in str(caught.value)
    with pytest.raises(DataError, match=r"8 of 9 image files (.|\n)*0 to 255; the run's data.intensity is 7 to 3827"):
        open_folder(root, intensity=(7.0, 3827.0))
    for index in range(8):
        write(root / ("cat", "dog")[index % 2] / f"{index // 2}.png", encode_image(DEEP + np.uint16(index), format))
    expected = np.clip(np.round((DEEP - 7.0) * 255 / 3820), 0, 255)
    found = _image(open_folder(root, intensity=(7.0, 3827.0)), "this")
    assert np.array_equal(found, np.repeat(expected[..., None], 3, axis=-1))


def test_what_the_first_rules_learnt_is_kept_apart(tmp_path: Path, open_folder: Open) -> None:
    root = class_folders(tmp_path / "pets", 4)
    path = write(root / "cat" / "this.bmp", encode_image(RGB, "BMP"))
    open_source(FolderData(path=str(root)), ImageClassification(), tmp_path / "cache", lambda line: None, rules=FIRST)
    (records,) = (tmp_path / "cache" / "files").iterdir()
    assert records.stem == hashlib.sha256(f"{root} None".encode()).hexdigest()[:32]
    (copy,) = (tmp_path / "cache" / "converted").iterdir()
    assert copy.stem == hashlib.sha256(path.read_bytes()).hexdigest()
    open_folder(root)
    assert len(list((tmp_path / "cache" / "files").iterdir())) == 2
    assert len(list((tmp_path / "cache" / "converted").iterdir())) == 2


def test_a_lost_copy_is_made_again(tmp_path: Path, open_folder: Open) -> None:
    root = class_folders(tmp_path / "pets", 4)
    write(root / "cat" / "this.bmp", encode_image(RGB, "BMP"))
    open_folder(root)
    (copy,) = (tmp_path / "cache" / "converted").iterdir()
    copy.unlink()
    assert np.array_equal(_image(open_folder(root), "this"), np.asarray(RGB))


def test_a_changed_file_is_checked_again(tmp_path: Path, open_folder: Open) -> None:
    root = class_folders(tmp_path / "pets", 4)
    open_folder(root)
    write(root / "cat" / "0.png", b"not an image")
    with pytest.raises(DataError, match=r"cat/0.png"):
        open_folder(root)


def test_names_that_are_no_utf8(tmp_path: Path, open_folder: Open) -> None:
    root = class_folders(tmp_path / "pets", 4)
    odd = (str(root / "cat") + "/").encode() + b"caf\xe9.png"
    with open(odd, "wb") as file:
        file.write(PNG)
    source = open_folder(root)
    assert np.array_equal(_image(source, "caf"), np.asarray(RGB))
    "".join(source.keys).encode("utf-8")


def test_a_file_replaced_under_the_same_size_and_time_is_noticed(tmp_path: Path, open_folder: Open) -> None:
    root = class_folders(tmp_path / "pets", 4)
    path = root / "cat" / "same.bmp"
    write(path, encode_image(RGB, "BMP"))
    before = open_folder(root)
    status = path.stat()
    path.write_bytes(encode_image(RGB.rotate(180), "BMP"))
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert (path.stat().st_size, path.stat().st_mtime_ns) == (status.st_size, status.st_mtime_ns)
    index = next(number for number, key in enumerate(before.keys) if "same" in key)
    assert open_folder(root).contents[index] != before.contents[index]


def test_what_cannot_be_remembered_is_learnt_again(
    tmp_path: Path, open_folder: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read_only(*paths: object) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    root = class_folders(tmp_path / "pets", 4)
    monkeypatch.setattr(fingerprint.os, "replace", read_only)
    assert open_folder(root).info.examples == 8
    assert not list(tmp_path.rglob("*.partial"))
    assert open_folder(root).info.examples == 8


def test_a_copy_that_was_cut_short_is_made_again(tmp_path: Path, open_folder: Open) -> None:
    root = class_folders(tmp_path / "pets", 4)
    write(root / "cat" / "this.bmp", encode_image(RGB, "BMP"))
    open_folder(root)
    (copy,) = (tmp_path / "cache" / "converted").iterdir()
    whole = copy.read_bytes()
    copy.write_bytes(whole[:-20])
    open_folder(root)
    assert copy.read_bytes() == whole


def test_a_cache_without_room_for_a_copy_is_no_fault_of_the_image(
    tmp_path: Path, open_folder: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = class_folders(tmp_path / "pets", 4)
    write(root / "cat" / "this.bmp", encode_image(RGB, "BMP"))

    def fill(source: Path, target: Path) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "replace", fill)
    with pytest.raises(ResourceError, match=r"no space left for .*converted.* in the cache"):
        open_folder(root, on_bad_file="skip")
    assert list((tmp_path / "cache" / "converted").iterdir()) == []
