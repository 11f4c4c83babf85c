from __future__ import annotations

from pathlib import Path

import pytest

from kerastune_ft.config.options.data import FolderData
from kerastune_ft.data.annotations.mask_formats import has_outlines
from kerastune_ft.data.files.find import Walk
from tests.support.box_files import to_coco, write_pictures
from tests.support.image_files import write


@pytest.mark.parametrize(
    ("label", "masks", "expected"),
    [
        (None, None, True),
        ("all.json", "masks", True),
        (None, "masks", False),
        (None, "train/masks", False),
        ("masks/{stem}.png", None, False),
    ],
)
def test_outlines_are_drawn_where_there_are_no_masks(
    label: str | None, masks: str | None, expected: bool, tmp_path: Path
) -> None:
    root = write_pictures(tmp_path / "a", 3)
    write(root / "all.json", to_coco(range(3)))
    if masks:
        write_pictures(root, 1, masks)
    assert has_outlines(Walk(root), FolderData(path=str(root), label=label)) is expected


def test_json_of_another_kind_is_none(tmp_path: Path) -> None:
    root = write_pictures(tmp_path / "a", 3)
    write(root / "all.json", b"{}")
    assert not has_outlines(Walk(root), FolderData(path=str(root)))
