from __future__ import annotations

import io
import sys
from typing import Any

import numpy as np
import pytest

from kerastune_ft.data.images.dicom import (
    MissingDecoderError,
    apply_window,
    is_dicom,
    read_identity,
    read_picture,
)
from kerastune_ft.data.images.intensity import UnusableImageError
from tests.support.dicom_files import chest, dicom
from tests.support.trained_runs import encode_image, pixels

pydicom = pytest.importorskip("pydicom")

RAMP = np.arange(64, dtype=np.uint16).reshape(8, 8) * 16
CT = {"RescaleSlope": 2, "RescaleIntercept": -1024}


def shown(content: bytes, **options: Any) -> np.ndarray:
    return np.asarray(read_picture(content, **options).picture)


def window_by_hand(value: float, centre: float, width: float) -> float:
    """The standard's formula (C.11.2.1.2.1), written as it stands there."""
    if value <= centre - 0.5 - (width - 1) / 2:
        return 0.0
    if value > centre - 0.5 + (width - 1) / 2:
        return 255.0
    return ((value - (centre - 0.5)) / (width - 1) + 0.5) * 255


@pytest.mark.parametrize(("centre", "width"), [(40.0, 400.0), (2048.0, 4096.0), (0.0, 100.0), (0.0, 1.0), (0.0, 2.0)])
def test_the_window_is_that_of_the_standard(centre: float, width: float) -> None:
    values = np.linspace(-600, 600, 2401)
    by_hand = [
        window_by_hand(value, centre, width) if width > 1 else (0.0 if value <= centre - 0.5 else 255.0)
        for value in values
    ]
    np.testing.assert_allclose(apply_window(values, centre, width), by_hand, atol=1e-9)


@pytest.mark.parametrize("function", ["LINEAR", "LINEAR_EXACT", "SIGMOID"])
def test_each_function_gives_what_pydicom_gives(function: str) -> None:
    from pydicom.pixels import apply_windowing

    header = pydicom.Dataset()
    header.WindowCenter, header.WindowWidth, header.VOILUTFunction = 100, 300, function
    header.PhotometricInterpretation, header.BitsStored, header.PixelRepresentation = "MONOCHROME2", 8, 0
    values = np.arange(256, dtype=np.float64)
    np.testing.assert_allclose(apply_window(values, 100, 300, function), apply_windowing(values, header), atol=1e-9)


def test_modality_then_window_then_direction_of_grey() -> None:
    units = RAMP.astype(float) * 2 - 1024
    expected = np.round([[window_by_hand(unit, -500, 800) for unit in row] for row in units])
    own = dicom(RAMP, bits=12, WindowCenter=[-500, 40], WindowWidth=[800, 400], **CT)
    np.testing.assert_array_equal(shown(own), expected)
    np.testing.assert_array_equal(shown(dicom(RAMP, bits=12, **CT), window=(-500, 800)), expected)
    turned = dicom(RAMP, bits=12, meaning="MONOCHROME1", WindowCenter=-500, WindowWidth=800, **CT)
    exact = np.array([[255 - window_by_hand(unit, -500, 800) for unit in row] for row in units])
    np.testing.assert_array_equal(shown(turned), np.round(exact))
    ranged = shown(dicom(RAMP, bits=12, **CT), intensity=(-1024, 992))
    np.testing.assert_array_equal(ranged, np.round((units + 1024) / 2016 * 255))


def test_signed_values_and_padding() -> None:
    stored = np.array([[-2000, -1000, 0, 1000], [-2000, 3, 4, 5]], np.int16)
    content = dicom(stored, PixelPaddingValue=-2000, WindowCenter=0.5, WindowWidth=2001)
    np.testing.assert_array_equal(shown(content)[0], [0, 0, 128, 255])
    inverted = dicom(stored, meaning="MONOCHROME1", PixelPaddingValue=-2000, WindowCenter=0.5, WindowWidth=2001)
    np.testing.assert_array_equal(shown(inverted)[0], [0, 255, 128, 0])
    # Without a window the range is that of the frame, its padding aside.
    np.testing.assert_array_equal(shown(dicom(stored, PixelPaddingValue=-2000))[0], [0, 0, 128, 255])
    limits = dicom(stored, PixelPaddingValue=-2000, PixelPaddingRangeLimit=-1000)
    np.testing.assert_array_equal(shown(limits)[0], [0, 0, 0, 255])
    to_zero = dicom(stored, PixelPaddingValue=-2000, PixelPaddingRangeLimit=0, WindowCenter=0.5, WindowWidth=2001)
    np.testing.assert_array_equal(shown(to_zero)[0], [0, 0, 0, 255])


def test_without_a_window_bits_or_the_range_of_the_frame_decide() -> None:
    eight = np.array([[0, 100], [200, 7]], np.uint8)
    np.testing.assert_array_equal(shown(dicom(eight)), eight)
    np.testing.assert_array_equal(shown(dicom(eight // 64, bits=2)), np.round(eight // 64 * 85.0))
    found = read_picture(dicom(RAMP, bits=12))
    assert not found.has_window
    np.testing.assert_array_equal(np.asarray(found.picture), np.round(RAMP / RAMP.max() * 255))
    assert read_picture(dicom(RAMP, bits=12, WindowCenter=1, WindowWidth=0)).has_window is False
    np.testing.assert_array_equal(shown(dicom(np.full((4, 4), 7, np.uint16))), np.zeros((4, 4)))


def test_of_several_frames_the_middle_one_is_taken() -> None:
    frames = np.stack([np.full((4, 5), value, np.uint8) for value in (10, 20, 30, 40)])
    found = read_picture(dicom(frames))
    assert (found.frames, np.asarray(found.picture).max()) == (4, 30)
    assert np.asarray(read_picture(dicom(frames[:3])).picture).max() == 20


def test_a_frame_may_have_a_window_and_a_slope_of_its_own() -> None:
    frames = np.stack([RAMP] * 3)
    groups = []
    for number in range(3):
        window, values, group = pydicom.Dataset(), pydicom.Dataset(), pydicom.Dataset()
        window.WindowCenter, window.WindowWidth = 100 * number, 400
        values.RescaleSlope, values.RescaleIntercept = number, -7
        group.FrameVOILUTSequence, group.PixelValueTransformationSequence = [window], [values]
        groups.append(group)
    expected = np.round([[window_by_hand(value - 7, 100, 400) for value in row] for row in RAMP.astype(float)])
    content = dicom(frames, bits=12, PerFrameFunctionalGroupsSequence=groups)
    np.testing.assert_array_equal(shown(content), expected)
    shared = dicom(frames, bits=12, SharedFunctionalGroupsSequence=groups[1:2])
    np.testing.assert_array_equal(shown(shared), expected)


def test_colours_of_every_depth() -> None:
    picture = pixels(1, 8, 10)
    np.testing.assert_array_equal(shown(dicom(picture, meaning="RGB")), picture)
    deep = picture.astype(np.uint16) * 257
    np.testing.assert_array_equal(shown(dicom(deep, meaning="RGB")), picture)
    grey = np.full((4, 4, 3), 128, np.uint8)
    np.testing.assert_array_equal(shown(dicom(grey, meaning="YBR_FULL")), grey)


def test_a_table_in_the_place_of_a_window() -> None:
    table = pydicom.Dataset()
    table.LUTDescriptor, table.LUTData = [256, 0, 16], [(255 - value) * 257 for value in range(256)]
    table["LUTDescriptor"].VR = table["LUTData"].VR = "US"
    stored = np.arange(256, dtype=np.uint16).reshape(16, 16)
    np.testing.assert_array_equal(shown(dicom(stored, VOILUTSequence=[table])), 255 - stored)


def test_files_without_the_mark_are_known_by_how_they_begin() -> None:
    plain = dicom(RAMP, bits=12, preamble=False)
    assert not plain.startswith(b"\0" * 128)
    assert is_dicom(plain)
    assert is_dicom(dicom(RAMP))
    np.testing.assert_array_equal(shown(plain), shown(dicom(RAMP, bits=12)))
    for content in (b"", b"\x08\x00", encode_image(pixels(1)), encode_image(pixels(1), "JPEG"), b"text" * 99):
        assert not is_dicom(content)


def test_what_cannot_be_read_is_named_and_how_to_install_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    content = dicom(RAMP)
    with pytest.raises(UnusableImageError, match="is DICOM without a picture"):
        read_picture(content[:200])
    with pytest.raises(UnusableImageError, match="is damaged DICOM"):
        read_picture(content[:-40])
    with pytest.raises(UnusableImageError, match=r"is damaged DICOM|is DICOM compressed as"):
        read_picture(_compress_as_nothing_reads(content))
    missing: dict[str, Any] = {"pydicom": None}
    monkeypatch.setitem(sys.modules, "pydicom", missing["pydicom"])
    with pytest.raises(
        MissingDecoderError, match=r'is a DICOM file, which pydicom reads: python -m pip install "pydicom'
    ):
        read_picture(content)


def test_a_missing_decoder_is_said_with_the_line_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def lack(*_: Any, **__: Any) -> None:
        raise RuntimeError("Unable to decompress 'JPEG-LS': all plugins are missing dependencies: pylibjpeg")

    monkeypatch.setattr("pydicom.pixels.pixel_array", lack)
    with pytest.raises(
        MissingDecoderError, match=r'as "Explicit VR Little Endian", .* is missing: python -m pip install'
    ):
        read_picture(dicom(RAMP))


def _compress_as_nothing_reads(content: bytes) -> bytes:
    """The file in JPEG-LS, whose decoder may be there or not, of bytes that none decodes."""
    header = pydicom.dcmread(io.BytesIO(content))
    header.file_meta.TransferSyntaxUID = "1.2.840.10008.1.2.4.80"
    header.PixelData = pydicom.encaps.encapsulate([b"\xff\xd8\xff\xd9" * 9])
    buffer = io.BytesIO()
    header.save_as(buffer)
    return buffer.getvalue()


def test_a_compressed_file_gives_the_same_picture() -> None:
    plain = dicom(np.stack([RAMP, RAMP[::-1], RAMP.T]), bits=12, WindowCenter=500, WindowWidth=900)
    header = pydicom.dcmread(io.BytesIO(plain))
    header.compress(pydicom.uid.RLELossless)
    buffer = io.BytesIO()
    header.save_as(buffer)
    assert buffer.getvalue() != plain
    np.testing.assert_array_equal(shown(buffer.getvalue()), shown(plain))
    assert read_picture(buffer.getvalue()).frames == 3


def test_identities_are_for_grouping() -> None:
    found = read_identity(io.BytesIO(dicom(chest(1), "7", "12")))
    assert found["patient"].endswith("-7")
    assert found["study"].endswith(".12")
    assert read_identity(io.BytesIO(b"no dicom")) == {"patient": "", "study": ""}
