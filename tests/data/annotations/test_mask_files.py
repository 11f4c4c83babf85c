from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from kerastune_ft.config.options.data import FolderData
from kerastune_ft.config.options.tasks import ImageSegmentation
from kerastune_ft.data.annotations import masks
from kerastune_ft.data.annotations.mask_files import CheckedMask, MaskCheck, check_masks
from kerastune_ft.data.annotations.mask_reading import MaskReading
from kerastune_ft.data.modality import ReadContext
from kerastune_ft.errors import DataError
from tests.support.image_files import encode_image, write

MASK = np.array([[0, 0, 9], [255, 7, 0]], np.uint8)


def context(folder: Path) -> ReadContext:
    return ReadContext(ImageSegmentation(kind="image_segmentation"), folder / "cache", lambda line: None)


def check(folder: Path, *names: str) -> list[CheckedMask]:
    return MaskCheck(folder, MaskReading(), context(folder)).check([str(folder / name) for name in names])


def test_a_mask_is_described_by_size_and_values(tmp_path: Path) -> None:
    write(tmp_path / "a.png", encode_image(MASK))
    (found,) = check(tmp_path, "a.png")
    assert found.problem is None
    assert found.size == (2, 3)
    assert found.counts == {0: 3, 7: 1, 9: 1, 255: 1}
    assert found.read({0: 0, 9: 1, 255: 2}, 7).tolist() == [[0, 0, 1], [2, masks.IGNORE, 0]]
    assert found.find_problem({0: 0, 9: 1, 255: 2}, 7, (2, 3)) is None
    assert "value 7" in str(found.find_problem({0: 0, 9: 1, 255: 2}, None, (2, 3)))
    assert "on its side" in str(found.find_problem({0: 0, 9: 1, 255: 2}, 7, (3, 2)))


def test_what_was_found_is_remembered_until_the_file_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path / "a.png", encode_image(MASK))
    (first,) = check(tmp_path, "a.png")
    with monkeypatch.context() as patch:
        patch.setattr(masks, "decode_values", lambda content, reading: pytest.fail("it was decoded again"))
        assert check(tmp_path, "a.png") == [first]
    assert not first.has_changed()
    path.write_bytes(encode_image(MASK[:1]))
    os.utime(path, (1, 1))
    assert first.has_changed()
    assert check(tmp_path, "a.png")[0].size == (1, 3)
    path.write_bytes(b"nothing")
    assert first.find_loss() == "its mask changed and cannot be read any more"
    path.unlink()
    assert first.has_changed()
    assert first.find_loss() == "its mask is not there any more"


def test_masks_that_cannot_be_used_are_named_or_left_out(tmp_path: Path) -> None:
    write(tmp_path / "a.png", encode_image(MASK))
    write(tmp_path / "b.jpg", encode_image(MASK, "JPEG"))
    paths = [str(tmp_path / name) for name in ("a.png", "b.jpg", "a.png", "c.png")]
    keys, names = ["a.png", "b.jpg", "a.png", "c.png"], ["0", "1", "2", "3"]
    options = FolderData(path=str(tmp_path))
    with pytest.raises(DataError, match=r"1, its mask b.jpg  is a JPEG(.|\n)*on_bad_file"):
        check_masks(paths[:3], keys[:3], names[:3], tmp_path, options, context(tmp_path))
    with pytest.raises(DataError, match=r"3, its mask c.png  is not there\n(.|\n)*on_missing"):
        check_masks(paths[::3], keys[::3], names[::3], tmp_path, options, context(tmp_path))
    options = FolderData(path=str(tmp_path), on_bad_file="skip", on_missing="skip")
    kept, found, skipped = check_masks(paths, keys, names, tmp_path, options, context(tmp_path))
    assert kept == [0, 2]
    assert [file.key for file in found.files] == ["a.png", "a.png"]
    assert [file.path for file in skipped] == ["1, its mask b.jpg", "3, its mask c.png"]
