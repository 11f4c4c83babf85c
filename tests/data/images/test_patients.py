from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from kerastune_ft.data.images.patients import group_by_patient
from tests.support.dicom_files import IDENTIFIERS, dicom
from tests.support.trained_runs import encode_image, pixels

pytest.importorskip("pydicom")


def write(folder: Path, identities: list[tuple[str, str] | None]) -> list[str]:
    """Write a file for each patient and study, a PNG for None."""
    paths = []
    for number, identity in enumerate(identities):
        path = folder / f"{number}"
        picture = np.full((4, 4), number, np.uint8)
        path.write_bytes(encode_image(pixels(number)) if identity is None else dicom(picture, *identity))
        paths.append(str(path))
    return paths


def test_a_patient_is_a_group_whatever_the_study(tmp_path: Path) -> None:
    found = group_by_patient(write(tmp_path, [("a", "1"), ("b", "2"), ("a", "3"), None, ("b", "2"), None]))
    assert found is not None
    assert found.groups == ["patient 1", "patient 2", "patient 1", "patient 3", "patient 2", "patient 4"]
    (note,) = found.notes
    assert note.startswith("groups: 4 patients by the PatientID of DICOM, none of which stands in two splits")
    assert not any(identifier in note for identifier in IDENTIFIERS)


def test_a_study_under_two_names_is_one_group(tmp_path: Path) -> None:
    found = group_by_patient(write(tmp_path, [("a", "1"), ("b", "2"), ("c", "2"), ("a", "2")]))
    assert found is not None
    assert len(set(found.groups)) == 1
    found = group_by_patient(write(tmp_path, [("a", "1"), ("b", "2"), ("c", "2"), ("", "9"), ("", "9")]))
    assert found is not None
    assert found.groups == ["patient 1", "patient 2", "patient 2", "patient 3", "patient 3"]


def test_where_all_name_one_patient_or_none_the_studies_are_the_groups(tmp_path: Path) -> None:
    for patient in ("anonymous", ""):
        found = group_by_patient(write(tmp_path, [(patient, "1"), (patient, "2"), (patient, "1")]))
        assert found is not None
        assert found.groups == ["study 1", "study 2", "study 1"]
        assert "2 studies by the StudyInstanceUID" in found.notes[0]


def test_other_images_have_no_groups(tmp_path: Path) -> None:
    assert group_by_patient([*write(tmp_path, [None, None]), str(tmp_path / "nowhere")]) is None
