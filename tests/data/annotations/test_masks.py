from __future__ import annotations

import io
import json
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import ExifTags, Image

from kerastune_ft.config.options.mask_values import COLOUR
from kerastune_ft.data.annotations.mask_reading import MaskReading
from kerastune_ft.data.annotations.masks import IGNORE, compare_with_masks, mask_values, read_mask
from kerastune_ft.data.images.reading import ImageReading
from kerastune_ft.data.images.value_range import Verdict
from kerastune_ft.errors import DataError
from kerastune_ft.rules import FIRST

VALUES = np.array([[0, 1, 2, 1], [2, 2, 0, 3]], np.uint8)


def _palette(values: np.ndarray, path: Path) -> Path:
    """Write a palette image as those of Pascal VOC: colours that say nothing of the number."""
    image = Image.fromarray(values, "P")
    image.putpalette([0, 0, 0, 128, 0, 0, 0, 128, 0, 128, 128, 0])
    image.save(path)
    return path


def _grey(values: np.ndarray, path: Path) -> Path:
    Image.fromarray(values).save(path)
    return path


def _message(path: Path, numbers: dict[int, int], **options: object) -> str:
    with pytest.raises(DataError) as caught:
        read_mask(path, numbers, **options)
    assert str(caught.value).startswith(f"{path}: ")
    return str(caught.value)


@pytest.mark.parametrize("write", [_palette, _grey])
@pytest.mark.parametrize("suffix", ["png", "bmp", "tif", "gif"])
def test_values_are_those_of_the_file(write: object, suffix: str, tmp_path: Path) -> None:
    path = write(VALUES, tmp_path / f"mask.{suffix}")  # type: ignore[operator]
    assert mask_values(path) == {0: 2, 1: 2, 2: 3, 3: 1}
    found = read_mask(path, {0: 0, 1: 5, 2: 1, 3: 1}, size=(2, 4))
    assert found.dtype == np.uint8
    assert np.array_equal(found, [[0, 5, 1, 5], [1, 1, 0, 1]])


def test_sixteen_bits_are_kept(tmp_path: Path) -> None:
    values = np.array([[0, 300, 65535], [256, 300, 0]], np.uint16)
    for name in ("mask.png", "mask.tif"):
        path = _grey(values, tmp_path / name)
        assert mask_values(path) == {0: 2, 256: 1, 300: 2, 65535: 1}
        found = read_mask(path, {0: 0, 256: 1, 300: 2}, ignore=65535)
        assert np.array_equal(found, [[0, 2, IGNORE], [1, 2, 0]])


def test_one_bit_is_0_and_255(tmp_path: Path) -> None:
    values = np.array([[True, False], [False, False]])
    Image.fromarray(values).save(tmp_path / "mask.png")
    assert mask_values(tmp_path / "mask.png") == {0: 3, 255: 1}
    assert np.array_equal(read_mask(tmp_path / "mask.png", {0: 0, 255: 1}), values)


def test_thirty_two_bits_of_small_numbers_are_read_and_others_refused(tmp_path: Path) -> None:
    path = _grey(np.array([[0, 7], [7, 7]], np.int32), tmp_path / "mask.tif")
    assert mask_values(path) == {0: 1, 7: 3}
    for value in (70000, -1):
        path = _grey(np.array([[0, value]], np.int32), tmp_path / "objects.tif")
        assert f"value {value} is beyond" in _message(path, {0: 0})


def test_ignored_pixels_are_255_and_come_before_a_class(tmp_path: Path) -> None:
    path = _grey(VALUES, tmp_path / "mask.png")
    found = read_mask(path, {0: 0, 1: 1, 2: 2, 3: 3}, ignore=3)
    assert np.array_equal(found, [[0, 1, 2, 1], [2, 2, 0, IGNORE]])


def test_an_unknown_value_says_how_often_and_what_to_write(tmp_path: Path) -> None:
    path = _grey(VALUES, tmp_path / "mask.png")
    message = _message(path, {0: 0, 1: 1, 3: 2})
    assert "value 2 (3 of 8 pixels) of no class; those of classes are 0, 1, 3" in message
    assert '"classes": {..., "2": "name of 2"}' in message
    assert '"ignore": 2' in message
    # What it says can be done.
    read_mask(path, {0: 0, 1: 1, 3: 2}, ignore=2)
    read_mask(path, {0: 0, 1: 1, 3: 2, 2: 3})


def test_several_unknown_values_cannot_all_be_ignored(tmp_path: Path) -> None:
    path = _grey(np.arange(12, dtype=np.uint8)[np.newaxis], tmp_path / "mask.png")
    message = _message(path, {0: 0})
    assert "values 1 (1 of 12 pixels), 2 (1 of 12 pixels), " in message
    assert "and 6 more of no class" in message
    assert '"ignore"' not in message
    written = re.search(r'"classes": \{\.\.\., (.*)\}', message)
    assert written is not None
    assert json.loads(f"{{{written[1]}}}") == {str(value): f"name of {value}" for value in range(1, 6)}


def test_a_smoothed_mask_is_told_from_a_forgotten_class(tmp_path: Path) -> None:
    smooth = np.asarray(Image.fromarray(np.eye(8, dtype=np.uint8) * 255).resize((64, 64), Image.Resampling.BICUBIC))
    message = _message(_grey(smooth, tmp_path / "mask.png"), {0: 0, 255: 1})
    assert "resized with smoothing" in message
    assert 'classes": {' not in message


@pytest.mark.parametrize(
    ("mode", "said"),
    [("RGB", "channels R G B"), ("RGBA", "channels R G B A"), ("LA", "channels L A"), ("CMYK", "channels C M Y K")],
)
def test_more_channels_are_refused(mode: str, said: str, tmp_path: Path) -> None:
    channels = np.random.default_rng(0).integers(0, 256, (4, 5, len(Image.new(mode, (1, 1)).getbands())), np.uint8)
    path = tmp_path / ("mask.tif" if mode == "CMYK" else "mask.png")
    Image.fromarray(channels, mode).save(path)
    assert said in _message(path, {0: 0})
    with pytest.raises(DataError, match=said):
        mask_values(path)


def test_grey_in_three_channels_names_the_way_out(tmp_path: Path) -> None:
    path = tmp_path / "mask.png"
    Image.fromarray(VALUES).convert("RGB").save(path)
    message = _message(path, {0: 0})
    assert 'Image.open(path).convert("L").save(path)' in message
    exec(message[message.rindex("Image.open") :], {"Image": Image, "path": path})
    assert mask_values(path) == {0: 2, 1: 2, 2: 3, 3: 1}


def test_jpeg_is_refused_whatever_its_name_says(tmp_path: Path) -> None:
    written = io.BytesIO()
    Image.fromarray(VALUES).save(written, "JPEG")
    (tmp_path / "mask.png").write_bytes(written.getvalue())
    assert "is a JPEG" in _message(tmp_path / "mask.png", {0: 0})


def test_floats_and_several_pictures_are_refused(tmp_path: Path) -> None:
    assert "channels F" in _message(_grey(np.zeros((2, 2), np.float32), tmp_path / "mask.tif"), {0: 0})
    pages = [Image.fromarray(VALUES), Image.fromarray(VALUES)]
    pages[0].save(tmp_path / "pages.tif", save_all=True, append_images=pages[1:])
    assert "has 2 pictures" in _message(tmp_path / "pages.tif", {0: 0})


def test_another_size_than_the_picture_is_refused(tmp_path: Path) -> None:
    path = _grey(VALUES, tmp_path / "mask.png")
    numbers = dict.fromkeys(range(4), 0)
    assert "is 4 pixels wide and 2 high, its picture 5 wide and 2 high" in _message(path, numbers, size=(2, 5))
    assert "EXIF" in _message(path, numbers, size=(4, 2))


@pytest.mark.parametrize("format", ["png", "tif"])
def test_a_mask_is_turned_by_its_own_exif_alone(tmp_path: Path, format: str) -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    path = tmp_path / f"mask.{format}"
    Image.fromarray(VALUES).save(path, exif=exif)
    numbers = {value: value for value in range(4)}
    assert np.array_equal(read_mask(path, numbers), np.rot90(VALUES, -1))
    assert np.array_equal(read_mask(path, numbers, reading=MaskReading(ImageReading(exif="ignore"))), VALUES)
    old = read_mask(path, numbers, reading=MaskReading(ImageReading(rules=FIRST)))
    assert np.array_equal(old, VALUES if format == "png" else np.rot90(VALUES, -1))


def test_a_mask_is_told_from_a_picture() -> None:
    values = {0, 1, 2, 3, 255}
    mask = Image.fromarray(VALUES)
    assert compare_with_masks(mask, values).problem == (
        "has the values 0, 1, 2, 3 alone, which are those of the run's masks; give the picture that it belongs to"
    )
    palette = mask.copy()
    palette.putpalette([0, 0, 0, 128, 0, 0, 0, 128, 0, 128, 128, 0])
    assert palette.mode == "P"
    assert compare_with_masks(palette, values).problem
    grey = Image.fromarray(np.arange(8, dtype=np.uint8).reshape(2, 4))
    for picture in (grey, mask.convert("RGB"), Image.fromarray(np.zeros((2, 4), np.uint8))):
        assert compare_with_masks(picture, values) == Verdict()
    assert compare_with_masks(mask, ()) == Verdict(), "the run has no masks"
    black_and_white = Image.fromarray(VALUES % 2 * np.uint8(255))
    for picture in (black_and_white, black_and_white.convert("1")):
        said = compare_with_masks(picture, {0, 255})
        assert said.problem is None
        assert str(said.doubt).startswith("0, 255 alone, like the masks of the run")


def test_files_that_cannot_be_read_name_themselves(tmp_path: Path) -> None:
    assert "no such mask file" in _message(tmp_path / "none.png", {0: 0})
    (tmp_path / "text.png").write_text("not an image")
    assert "cannot be read as a mask" in _message(tmp_path / "text.png", {0: 0})
    whole = _grey(np.random.default_rng(0).integers(0, 3, (64, 64), np.uint8), tmp_path / "whole.png").read_bytes()
    (tmp_path / "half.png").write_bytes(whole[: len(whole) // 2])
    assert "cannot be read as a mask" in _message(tmp_path / "half.png", {0: 0})


def test_more_classes_than_a_byte_holds_are_refused(tmp_path: Path) -> None:
    path = _grey(VALUES, tmp_path / "mask.png")
    with pytest.raises(ValueError, match="class numbers of a mask are 0 to 254"):
        read_mask(path, {0: 255})


COLOURS = np.array([[0, 0, 0], [255, 0, 1], [0, 128, 255], [255, 255, 255]], np.uint8)
BY_COLOUR = {COLOUR: 0, COLOUR + 0xFF0001: 1, COLOUR + 0x0080FF: 2}


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "P"])
def test_colours_stand_for_classes_however_a_file_keeps_them(mode: str, tmp_path: Path) -> None:
    image = Image.fromarray(COLOURS[VALUES])
    image = image.convert(mode) if mode != "P" else image.convert("P", palette=Image.Palette.ADAPTIVE, colors=4)
    image.save(tmp_path / "mask.png")
    reading = MaskReading(colours=True)
    found = read_mask(tmp_path / "mask.png", BY_COLOUR, COLOUR + 0xFFFFFF, reading=reading)
    assert found.dtype == np.uint8
    assert np.array_equal(found, [[0, 1, 2, 1], [2, 2, 0, IGNORE]])
    message = _message(tmp_path / "mask.png", BY_COLOUR, reading=reading)
    assert "value #ffffff (1 of 8 pixels) of no class; those of classes are #000000, #ff0001, #0080ff" in message
    assert '"#ffffff": "name of #ffffff"' in message
    assert '"ignore": "#ffffff"' in message


def test_what_has_no_colours_of_classes_is_refused_where_colours_count(tmp_path: Path) -> None:
    reading = MaskReading(colours=True)
    noise = np.random.default_rng(0).integers(0, 256, (32, 32, 3), np.uint8)
    Image.fromarray(noise).save(tmp_path / "photo.png")
    assert "has more than 256 colours" in _message(tmp_path / "photo.png", BY_COLOUR, reading=reading)
    Image.fromarray(np.dstack([noise, noise[..., 0]])).save(tmp_path / "glass.png")
    assert "without transparency (Pillow calls it RGBA)" in _message(tmp_path / "glass.png", BY_COLOUR, reading=reading)
    deep = _grey(np.array([[0, 300]], np.uint16), tmp_path / "deep.png")
    assert "has no colours of 8 bits" in _message(deep, BY_COLOUR, reading=reading)
    Image.fromarray(noise).save(tmp_path / "photo.jpg")
    assert "is a JPEG" in _message(tmp_path / "photo.jpg", BY_COLOUR, reading=reading)


def test_a_coloured_mask_among_masks_of_values_says_how_colours_are_named(tmp_path: Path) -> None:
    Image.fromarray(COLOURS[VALUES]).save(tmp_path / "mask.png")
    message = _message(tmp_path / "mask.png", {0: 0, 1: 1})
    written = re.search(r'"classes": (\{.*\})', message)
    assert written is not None
    assert list(json.loads(written[1])) == ["#000000", "#0080ff", "#ff0001", "#ffffff"]


def test_many_values_without_a_gap_may_number_objects(tmp_path: Path) -> None:
    path = _grey(np.arange(40, dtype=np.uint8)[np.newaxis], tmp_path / "mask.png")
    assert '"1-65535": "cell"' in _message(path, {0: 0})


def test_a_coloured_mask_is_told_from_a_picture() -> None:
    mask = Image.fromarray(COLOURS[VALUES])
    values = {*BY_COLOUR, COLOUR + 0xFFFFFF}
    assert "has the values #000000, #0080ff, #ff0001, #ffffff alone" in str(compare_with_masks(mask, values).problem)
    assert compare_with_masks(Image.fromarray(255 - COLOURS[VALUES]), values) == Verdict()
    black_and_white = Image.fromarray(COLOURS[VALUES % 2 * np.uint8(3)])
    assert compare_with_masks(black_and_white, values).doubt
