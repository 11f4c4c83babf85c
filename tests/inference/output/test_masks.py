from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from kerastune_ft.data.annotations.palette import PALETTE
from kerastune_ft.data.labels.scheme import LabelScheme
from kerastune_ft.errors import ConfigError
from kerastune_ft.inference.command import check_arguments
from kerastune_ft.inference.output.form import PICTURE
from kerastune_ft.inference.output.masks import OVERLAYS, MaskFolder

MASK = np.array([[0, 1], [1, 2]], np.uint8)
NAMES = ("sky", "road", "tree")


def row(name: str, mask: np.ndarray | None = MASK) -> dict[str, object]:
    return {"input": name, "mask": mask, "error": None if mask is not None else "cannot be read"}


@pytest.mark.parametrize(
    ("raw", "values"),
    [
        ({9: "sky", 5: "road", 255: "tree", 6: "road"}, [9, 5, 255]),
        ({0: "sky", 300: "road", 7: "tree"}, [0, 1, 2]),
        ({}, [0, 1, 2]),
    ],
)
def test_values_are_those_of_the_data_where_they_fit(tmp_path: Path, raw: dict[int, str], values: list[int]) -> None:
    folder = MaskFolder(tmp_path / "out", LabelScheme("mask", NAMES, raw_values=raw))
    assert folder.write([row("a/7.jpg")]) == [{"input": "a/7.jpg", "mask": "7.png", "error": None}]
    with Image.open(tmp_path / "out" / "7.png") as image:
        assert image.mode == "P"
        assert np.array_equal(np.asarray(image), np.array(values)[MASK])
        assert np.array_equal(np.asarray(image.convert("RGB")), PALETTE[MASK])


def test_every_mask_has_a_name_of_its_own(tmp_path: Path) -> None:
    folder = MaskFolder(tmp_path, LabelScheme("mask", NAMES))
    rows = folder.write([row("a/7.jpg"), row("b/7.png"), row("lost.png", None), row("x.npz[3]"), row("c/7.png")])
    assert [one["mask"] for one in rows] == ["7.png", "7-2.png", None, "x.png", "7-3.png"]
    assert len(list(tmp_path.glob("*.png"))) == 4


def test_the_image_itself_is_never_overwritten(tmp_path: Path) -> None:
    own = tmp_path / "7.png"
    Image.fromarray(MASK).save(own)
    before = own.read_bytes()
    (written,) = MaskFolder(tmp_path, LabelScheme("mask", NAMES)).write([row(str(own))])
    assert written["mask"] == "7-2.png"
    assert own.read_bytes() == before


def test_masks_do_not_go_among_the_images_they_are_of(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"--output: .* is an input too, .*; name another folder"):
        check_arguments([str(tmp_path)], str(tmp_path / "."), None, False, has_masks=True)
    assert check_arguments([str(tmp_path)], str(tmp_path / "masks"), None, False, has_masks=True) == "csv"


def test_masks_do_not_replace_pictures_that_are_no_predictions(tmp_path: Path) -> None:
    folder, given = tmp_path / "masks", [str(tmp_path / "7.jpg")]
    MaskFolder(folder, LabelScheme("mask", NAMES)).write([row("7.jpg")])
    assert check_arguments(given, str(folder), None, False, has_masks=True) == "csv", "an earlier command was stopped"
    Image.new("RGB", (8, 8)).save(folder / "photo.jpg")
    assert check_arguments(given, str(folder), None, False, has_masks=True) == "csv", "masks are no .jpg"
    with pytest.raises(ConfigError, match=r"such as photo.jpg, which boxes could replace"):
        check_arguments(given, str(folder), None, False, has_boxes=True)
    Image.fromarray(MASK).save(folder / "8.png")
    with pytest.raises(ConfigError, match=r"has pictures that are no predictions in it, such as 8.png"):
        check_arguments(given, str(folder), None, False, has_masks=True)


def test_an_input_is_not_replaced_by_its_predictions(tmp_path: Path) -> None:
    table, link = tmp_path / "a.csv", tmp_path / "b.csv"
    table.write_text("file\n")
    link.symlink_to(table)
    for output in (table, link):
        with pytest.raises(ConfigError, match=r"--output: .* is an input too, which would be lost"):
            check_arguments(["x.png", str(table)], str(output), None, False)
    assert check_arguments([str(table), "-"], str(tmp_path / "c.csv"), None, False) == "csv"


def test_masks_are_laid_over_the_pictures_of_their_rows(tmp_path: Path) -> None:
    folder, pixels = MaskFolder(tmp_path, LabelScheme("mask", NAMES)), np.zeros((2, 2, 3), np.uint8)
    rows = folder.write([row("7.png") | {PICTURE: pixels}, row("x.npz[3]"), row("lost.png", None) | {PICTURE: None}])
    assert [one["mask"] for one in rows] == ["7.png", "x.png", None]
    assert all(PICTURE not in one for one in rows)
    with Image.open(tmp_path / OVERLAYS / "7.jpg") as image:
        assert image.size == (2, 2)
    assert [path.name for path in (tmp_path / OVERLAYS).iterdir()] == ["7.jpg"]
    MaskFolder(tmp_path, LabelScheme("mask", NAMES)).write([row("7.png")])
    assert not list((tmp_path / OVERLAYS).iterdir()), "that of an earlier command is of another mask"
