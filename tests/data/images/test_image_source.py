from __future__ import annotations

import pytest

from kerastune_ft.data.images.check import CheckedImage
from kerastune_ft.data.images.image_source import describe_dicom
from kerastune_ft.data.remedies import reading_other_data
from kerastune_ft.errors import DataError

PHOTO = CheckedImage("a.png", "0" * 64)


def test_a_window_without_dicom_files_is_an_error_with_what_can_be_done() -> None:
    assert describe_dicom([PHOTO], None, "auto") == ()
    with pytest.raises(DataError, match=r"^data\.window: none of the images is a DICOM file; remove it"):
        describe_dicom([PHOTO], (40.0, 400.0), "auto")
    with (
        reading_other_data("new/"),
        pytest.raises(DataError, match=r"^--data: .* and new/ has none; give DICOM files$"),
    ):
        describe_dicom([PHOTO], (40.0, 400.0), "auto")
