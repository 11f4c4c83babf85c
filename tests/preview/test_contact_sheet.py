from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from kerastune_ft.errors import ConfigError
from kerastune_ft.preview.contact_sheet import Block, Cells, Sheet, check_target, write

BLACK = Cells(np.zeros((1, 4, 4, 3), np.uint8))


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("look.jpg", r'ends in ".jpg"; write a name that ends in .png or .html'),
        ("look", r'ends in ""; write a name'),
        ("nowhere/look.png", "there is no folder .*nowhere; make it"),
        ("folder.png", "is a folder; name a file"),
    ],
)
def test_a_file_that_cannot_be_written_is_refused_first(tmp_path: Path, name: str, words: str) -> None:
    (tmp_path / "folder.png").mkdir()
    with pytest.raises(ConfigError, match=words):
        check_target(tmp_path / name)


def test_a_write_that_fails_names_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("kerastune_ft.rundir.RunDirectory.commit", refuse)
    sheet = Sheet("x", [("a", "b")], [Block("t", (("c", BLACK),))])
    with pytest.raises(ConfigError, match=r"look.html cannot be written: Permission denied"):
        write(sheet, tmp_path / "look.html")


@pytest.mark.parametrize("suffix", [".png", ".html"])
def test_captions_are_text_whatever_they_hold(tmp_path: Path, suffix: str) -> None:
    long = "<script>alert(1)</script> кот 猫 " + "x" * 300
    pictures = Cells(np.full((1, 300, 400, 3), 9, np.uint8))
    write(Sheet(long, [(long, f"{long}\n")], [Block(long, ((long, pictures),))]), tmp_path / f"look{suffix}")
    content = (tmp_path / f"look{suffix}").read_bytes()
    if suffix == ".html":
        assert b"<script>" not in content
    else:
        assert Image.open(io.BytesIO(content)).width < 1200


@pytest.mark.parametrize("suffix", [".png", ".html"])
def test_only_an_earlier_sheet_is_replaced(tmp_path: Path, suffix: str) -> None:
    target = tmp_path / f"look{suffix}"
    target.touch()
    check_target(target)
    write(Sheet("x", [("a", "b")], [Block("t", (("c", BLACK),))]), target)
    check_target(target)
    if suffix == ".png":
        Image.new("RGB", (4, 4)).save(target)
    else:
        target.write_text("<!doctype html><p>mine")
    with pytest.raises(ConfigError, match="is there and was not written by this command; name another file"):
        check_target(target)
