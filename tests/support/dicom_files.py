"""DICOM files as tests need them, written by pydicom."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest

IDENTIFIERS = ("Smith^Jane", "MRN-4711", "19500101")
"""What stands in every file of a patient and may stand nowhere else; the second is followed by the patient's number."""


def dicom(
    stored: np.ndarray,
    patient: str = "1",
    study: str = "1",
    *,
    bits: int | None = None,
    meaning: str = "MONOCHROME2",
    preamble: bool = True,
    **elements: Any,
) -> bytes:
    """A DICOM file of stored values [height, width], [frames, height, width], or [height, width, 3] with `meaning` RGB.

    `elements` are by their keyword, as WindowCenter=40.
    """
    pydicom = pytest.importorskip("pydicom")
    from pydicom.uid import ExplicitVRLittleEndian, SecondaryCaptureImageStorage

    header = pydicom.Dataset()
    header.file_meta = pydicom.dataset.FileMetaDataset()
    header.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    header.file_meta.MediaStorageSOPClassUID = header.SOPClassUID = SecondaryCaptureImageStorage
    header.file_meta.MediaStorageSOPInstanceUID = header.SOPInstanceUID = pydicom.uid.generate_uid(
        entropy_srcs=[patient, study, str(stored.tobytes())]
    )
    header.PatientName, header.PatientBirthDate = IDENTIFIERS[0], IDENTIFIERS[2]
    header.PatientID = f"{IDENTIFIERS[1]}-{patient}" if patient else ""
    header.StudyInstanceUID = f"1.2.826.0.1.3680043.8.498.{study}"
    has_colours = meaning == "RGB" or meaning.startswith("YBR")
    header.SamplesPerPixel, header.PhotometricInterpretation = 3 if has_colours else 1, meaning
    if has_colours:
        header.PlanarConfiguration = 0
    height, width = stored.shape[-3:-1] if has_colours else stored.shape[-2:]
    header.Rows, header.Columns = height, width
    if stored.ndim > (3 if has_colours else 2):
        header.NumberOfFrames = len(stored)
    header.BitsAllocated = 8 * stored.dtype.itemsize
    header.BitsStored = bits or header.BitsAllocated
    header.HighBit, header.PixelRepresentation = header.BitsStored - 1, int(stored.dtype.kind == "i")
    header.PixelData = stored.tobytes() + b"\0" * (stored.nbytes % 2)
    header["PixelData"].VR = "OB" if header.BitsAllocated == 8 else "OW"
    for name, value in elements.items():
        setattr(header, name, value)
    buffer = io.BytesIO()
    header.save_as(buffer, enforce_file_format=preamble)
    return buffer.getvalue()


def chest(seed: int, size: int = 40, bright: bool = False) -> np.ndarray:
    """A picture of 12 bits in Hounsfield units above -1024: noise, and with `bright` a square in it."""
    values = np.random.default_rng(seed).integers(200, 1100, (size, size))
    if bright:
        values[size // 4 : -size // 4, size // 4 : -size // 4] += 900
    return values.astype(np.uint16)


def write_studies(root: Path, patients: int = 8, files: int = 3) -> Path:
    """Two classes, class/patient/study/ of files with and without suffix, each with a window of its own."""
    for label in ("clear", "nodule"):
        for patient in range(patients):
            for number in range(files):
                name = f"IM{number:04d}" if number % 3 == 2 else f"{number}.dcm"
                file = root / label / f"p{patient}" / "s1" / name
                file.parent.mkdir(parents=True, exist_ok=True)
                identity = f"{label[0]}{patient}"
                stored = chest(1000 * patient + 10 * number + (label == "nodule"), bright=label == "nodule")
                window = {"WindowCenter": 40, "WindowWidth": 2000, "RescaleSlope": 1, "RescaleIntercept": -1024}
                file.write_bytes(dicom(stored, identity, f"{1 + patient}{int(label == 'nodule')}", bits=12, **window))
    return root
