"""Inputs of requests: how JSON has them, and what is refused by its header, before anything is decoded."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any

import numpy as np
import pytest
from PIL import Image

from kerastune_ft.serving.inputs import limit_pillow, make_form
from kerastune_ft.serving.limits import Limits
from kerastune_ft.serving.refusal import Refusal
from tests.support.dicom_files import dicom
from tests.support.served import b64, picture
from tests.support.sound_files import wav

IMAGE, TEXT, PAIR, SOUND = make_form("image"), make_form("text"), make_form("text", 2), make_form("audio")


def refuse(function: Any, *arguments: Any) -> Refusal:
    with pytest.raises(Refusal) as refused:
        function(*arguments)
    return refused.value


def test_every_way_to_write_an_instance() -> None:
    assert IMAGE.parse(b64(b"abc")) == IMAGE.parse({"image_bytes": b64(b"abc")}) == b"abc"
    assert TEXT.parse("fine") == TEXT.parse({"text": "fine"}) == TEXT.parse(b64(b"fine")) == ("fine",)
    assert PAIR.parse(["a", "b"]) == PAIR.parse({"text_2": "b", "text": "a"}) == ("a", "b")


@pytest.mark.parametrize(
    ("form", "value"),
    [
        (IMAGE, "QUJD"), (IMAGE, {"b64": 3}), (IMAGE, {"b64": "????"}), (IMAGE, {"path": "/etc/passwd"}),
        (IMAGE, {"image_bytes": "/etc/passwd"}), (IMAGE, None), (IMAGE, [b64(b"a")]), (TEXT, 3),
        (TEXT, {"b64": "//8="}),
        (TEXT, ["a", "b"]), (PAIR, "a"), (PAIR, ["a"]), (PAIR, {"text": "a"}), (SOUND, {"image_bytes": b64(b"a")}),
    ],
)  # fmt: skip
def test_what_is_no_instance(form: Any, value: object) -> None:
    assert refuse(form.parse, value).status in (400, 422)


def test_an_address_of_data_is_answered_with_the_remedy() -> None:
    assert "before the comma" in refuse(IMAGE.parse, {"b64": "data:image/png;base64,QUJD"}).text


def bomb(side: int) -> bytes:
    """A PNG that says it has side x side pixels."""
    head = struct.pack(">II5B", side, side, 8, 2, 0, 0, 0)
    chunk = struct.pack(">I", 13) + b"IHDR" + head + struct.pack(">I", zlib.crc32(b"IHDR" + head))
    return b"\x89PNG\r\n\x1a\n" + chunk + struct.pack(">I", 0) + b"IEND" + struct.pack(">I", zlib.crc32(b"IEND"))


def test_the_share_of_a_picture_is_that_of_its_pixels() -> None:
    limits = Limits(max_pixels=1000)
    assert IMAGE.measure(picture(0, "JPEG", (25, 20)), limits) == 0.5
    deep = io.BytesIO()
    Image.fromarray(np.zeros((10, 20), np.uint16)).save(deep, "PNG")
    assert IMAGE.measure(deep.getvalue(), limits) == 0.4
    assert IMAGE.measure(dicom(np.zeros((10, 20), np.uint16)), limits) == 0.4


@pytest.mark.parametrize("side", [40, 6000, 20_000, 200_000])
def test_pictures_of_too_many_pixels(side: int) -> None:
    assert refuse(IMAGE.measure, bomb(side), Limits(max_pixels=1000)).status == 413
    with pytest.raises(Refusal):
        IMAGE.measure(bomb(6000), Limits())


@pytest.mark.parametrize(
    "content",
    [
        b"", b"no image", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", picture(0)[:20], b"BM" + bytes(60),
        b"GIF89a", bytes(128) + b"DICM" + bytes(40), b"P6 9 9 255 " + bytes(243),
    ],
)  # fmt: skip
def test_what_is_no_picture(content: bytes) -> None:
    assert refuse(IMAGE.measure, content, Limits()).status == 422


def test_a_jpeg_of_many_scans_and_deflated_dicom_are_not_decoded() -> None:
    many = picture(0, "JPEG") + b"\xff\xda" * 101
    assert refuse(IMAGE.measure, many, Limits()).status == 413
    deflated = dicom(np.zeros((4, 4), np.uint8)).replace(b"1.2.840.10008.1.2.1\0", b"1.2.840.10008.1.2.1.99")
    assert refuse(IMAGE.measure, deflated, Limits()).status == 415
    # The name of the syntax behind a long private element of the header.
    late = deflated[:132] + struct.pack("<HH2sHI", 2, 0x102, b"OB", 0, 5000) + bytes(5000) + deflated[132:]
    assert refuse(IMAGE.measure, late, Limits()).status == 415


def test_pillow_itself_refuses_what_the_limit_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", Image.MAX_IMAGE_PIXELS)
    limit_pillow(Limits(max_pixels=1001))
    Image.open(io.BytesIO(picture(0, size=(77, 13)))).load()
    with pytest.raises(Image.DecompressionBombError):
        Image.open(io.BytesIO(picture(0, size=(79, 13))))


def test_sounds_are_measured_by_their_headers() -> None:
    sound = wav(np.zeros((100, 2), np.float32))
    assert SOUND.measure(sound, Limits(max_samples=400)) == 0.5
    assert refuse(SOUND.measure, sound, Limits(max_samples=199)).status == 413
    for content in (b"", b"no sound", sound[:30], b"fLaC" + bytes(50), b"OggS" + bytes(50), b"ID3" + bytes(50)):
        assert refuse(SOUND.measure, content, Limits()).status == 422


def test_texts_are_measured_together() -> None:
    assert PAIR.measure(("abc", "de"), Limits(max_characters=10)) == 0.5
    assert refuse(PAIR.measure, ("abc", "de"), Limits(max_characters=4)).status == 413


def test_half_a_character_is_no_text() -> None:
    assert refuse(PAIR.measure, ("abc", "a\ud83d"), Limits()).status == 422
    assert PAIR.measure(("abc", "a\U0001f600"), Limits(max_characters=10)) == 0.5


@pytest.mark.parametrize("form", [IMAGE, TEXT, PAIR, SOUND])
def test_the_sample_that_a_model_warms_up_with_is_within_any_limit(form: Any) -> None:
    assert 0 < form.measure(form.sample, Limits()) < 0.01
