from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image, PngImagePlugin

from kerastune_ft.errors import ConfigError
from kerastune_ft.inference.output.picture_files import MARK, PictureNames, find_foreign, make_folder


def test_every_input_has_a_name_of_its_own_and_keeps_its_file(tmp_path: Path) -> None:
    own = tmp_path / "7.png"
    own.write_bytes(b"")
    names = PictureNames(tmp_path, ".png")
    given = ("a/7.jpg", str(own), "x.npz[3]", "x.npz[3]", "")
    assert [names.choose(each) for each in given] == ["7.png", "7-2.png", "x.png", "x-2.png", "image.png"]
    assert PictureNames(tmp_path, ".png").choose(str(own)) == "7-2.png"


def test_pictures_of_others_are_found_by_their_mark(tmp_path: Path) -> None:
    about = PngImagePlugin.PngInfo()
    about.add_text("Software", MARK)
    picture = Image.new("RGB", (4, 4))
    picture.save(tmp_path / "a.png", pnginfo=about)
    picture.save(tmp_path / "a.jpg", comment=MARK.encode())
    (tmp_path / "b.txt").write_text("")
    assert find_foreign(tmp_path, ".png", "Software") is None
    assert find_foreign(tmp_path, ".jpg", "comment") is None
    assert find_foreign(tmp_path / "none", ".png", "Software") is None
    picture.save(tmp_path / "b.png")
    (tmp_path / "b.jpg").write_text("no picture")
    assert find_foreign(tmp_path, ".png", "Software") == "b.png"
    assert find_foreign(tmp_path, ".jpg", "comment") == "b.jpg"


def test_a_folder_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    make_folder(tmp_path / "a" / "b")
    assert (tmp_path / "a" / "b").is_dir()
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match=r"--output: the folder .*file/out cannot be made \(.*\); name another"):
        make_folder(tmp_path / "file" / "out")
