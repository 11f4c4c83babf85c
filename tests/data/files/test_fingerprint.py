from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.support.image_files import Open, class_folders, encode_image, pixels, write


def test_fingerprint_follows_contents_and_labels_only(tmp_path: Path, open_folder: Open) -> None:
    first = class_folders(tmp_path / "pets")
    second = class_folders(tmp_path / "copy")
    before = open_folder(first).info.fingerprint
    assert open_folder(second).info.fingerprint == before
    os.utime(second / "cat" / "0.png", (1, 1))
    assert open_folder(second).info.fingerprint == before
    write(second / "cat" / "0.png", encode_image(pixels(12345)))
    changed = open_folder(second).info.fingerprint
    assert changed != before
    (second / "cat" / "1.png").rename(second / "dog" / "1b.png")
    assert open_folder(second).info.fingerprint not in (before, changed)


def test_second_check_reads_no_file(tmp_path: Path, open_folder: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    root = class_folders(tmp_path / "pets")
    before = open_folder(root).info
    monkeypatch.setattr("kerastune_ft.data.images.check.ImageCheck._examine", None)
    assert open_folder(root).info == before
