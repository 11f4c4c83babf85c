from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result
from PIL import Image

from tests.support.places import SCRIPTS

SCRIPT = SCRIPTS / "dicom_to_png.py"
STORED = np.arange(192, dtype=np.uint16).reshape(12, 16) * 20


@pytest.fixture
def script() -> ModuleType:
    import dicom_to_png

    return dicom_to_png


def _run(script: ModuleType, *arguments: object) -> Result:
    return CliRunner().invoke(script.main, [str(one) for one in arguments])


def test_values_are_kept_and_what_16_bits_cannot_hold_is_refused(script: ModuleType) -> None:
    assert np.array_equal(script.grey({"RescaleSlope": 2}, STORED, None, 65535), STORED * 2)
    with pytest.raises(ValueError, match="from -1000 to 2820; give --range"):
        script.grey({"RescaleIntercept": -1000}, STORED, None, 65535)
    with pytest.raises(ValueError, match="only single grey pictures"):
        script.grey({}, STORED[None], None, 65535)


def test_a_range_and_a_window_are_mapped_after_slope_and_intercept(script: ModuleType) -> None:
    header = {"RescaleSlope": 0.5, "RescaleIntercept": -10, "WindowCenter": [100, 7], "WindowWidth": [201, 7]}
    found = script.grey(header, STORED, (0, 1000), 65535)
    assert found.dtype == np.uint16
    assert np.array_equal(found, np.clip(np.round((STORED * 0.5 - 10) * 65.535), 0, 65535))
    assert script.own_window(header) == (-0.5, 199.5)
    assert script.own_window(header | {"VOILUTFunction": "LINEAR_EXACT"}) == (-0.5, 200.5)
    assert script.grey(header, STORED, (0, 1000), 255).dtype == np.uint8
    with pytest.raises(ValueError, match="has no window"):
        script.own_window({})


@pytest.mark.parametrize("limits", [None, (0, 4095)])
def test_monochrome1_is_inverted(script: ModuleType, limits: Any) -> None:
    header = {"PhotometricInterpretation": "MONOCHROME1", "BitsStored": 12}
    scale = 65535 / 4095 if limits else 1
    assert np.array_equal(script.grey(header, STORED, limits, 65535), np.round((4095.0 - STORED) * scale))


def test_names_of_numbers_with_dots_are_kept_whole(script: ModuleType) -> None:
    assert script.png_name(Path("a/1.2.840.7")) == Path("a/1.2.840.7.png")
    assert script.png_name(Path("a/1.2.840.7.DCM")) == Path("a/1.2.840.7.png")


def test_arguments_and_the_missing_package(script: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    for arguments, words in (
        ((), 'python -m pip install "pydicom>=3"'),
        (("--range", 5, 5), "LOW must be below HIGH"),
        (("--range", 5, 6, "--window"), "exclude each other"),
    ):
        result = _run(script, tmp_path, tmp_path / "out", *arguments)
        assert result.exit_code == 2
        assert words in result.output


def test_the_script_starts_alone() -> None:
    done = subprocess.run([sys.executable, str(SCRIPT), "--help"], capture_output=True, text=True, check=True)
    assert "FOLDER OUTPUT" in done.stdout


def test_a_folder_is_converted_and_bad_files_are_listed(script: ModuleType, tmp_path: Path) -> None:
    pydicom = pytest.importorskip("pydicom")
    for name in ("cat/1.dcm", "dog/1.2.3"):
        header = pydicom.Dataset()
        header.SOPClassUID, header.SOPInstanceUID = "1.2.840.10008.5.1.4.1.1.7", "1.2.3"
        header.Rows, header.Columns, header.SamplesPerPixel = *STORED.shape, 1
        header.BitsAllocated, header.BitsStored, header.HighBit, header.PixelRepresentation = 16, 12, 11, 0
        header.PhotometricInterpretation = "MONOCHROME2"
        header.PixelData = STORED.tobytes()
        header.file_meta = pydicom.dataset.FileMetaDataset()
        header.file_meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian
        (tmp_path / "in" / name).parent.mkdir(parents=True, exist_ok=True)
        header.save_as(tmp_path / "in" / name, enforce_file_format=True)
    result = _run(script, tmp_path / "in", tmp_path / "out")
    assert result.exit_code == 0, result.output
    for name in ("cat/1.png", "dog/1.2.3.png"):
        assert np.array_equal(np.asarray(Image.open(tmp_path / "out" / name)), STORED)
    (tmp_path / "in" / "cat" / "0.dcm").write_bytes(b"nothing")
    (tmp_path / "in" / "cat" / "1.dicom").write_bytes((tmp_path / "in" / "cat" / "1.dcm").read_bytes())
    result = _run(script, tmp_path / "in", tmp_path / "out")
    assert result.exit_code == 3
    assert "2 of 4 DICOM files converted" in result.output
    assert "cat/0.dcm  " in result.output
    assert "cat/1.dicom  would be written over cat/1.dcm" in result.output
