from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from kerastune_ft.config.options.data import FolderData
from kerastune_ft.config.options.tasks import ImageSegmentation
from kerastune_ft.data.annotations.masks import IGNORE
from kerastune_ft.data.open import open_source
from kerastune_ft.data.source import DataSource
from kerastune_ft.errors import ConfigError, DataError
from tests.support.image_files import encode_image, pixels, write

TEMPLATE = "masks/{class}/{stem}.png"
NAMES = ("background", "cell", "wall")


def layer(number: int, text: str, shape: tuple[int, int] = (12, 16)) -> np.ndarray:
    """Return where a class is: a cell at the left, a wall at the right that covers a part of it."""
    mask = np.zeros(shape, np.uint8)
    if text == "cell":
        mask[2:9, 1 : 8 + number % 3] = 255
    elif text == "wall":
        mask[:, 7:12] = 1
    return mask


def folder(root: Path, count: int = 8, **changed: Any) -> Path:
    for number in range(count):
        write(root / "images" / f"{number}.png", encode_image(pixels(number)))
        for text in ("cell", "wall"):
            mask = changed.get(f"{text}{number}", layer(number, text))
            if mask is not None:
                write(root / "masks" / text / f"{number}.png", encode_image(mask))
    return root


def opened(
    root: Path, classes: Any = NAMES, label: str = TEMPLATE, ignore: int | None = None, **options: Any
) -> DataSource:
    task = ImageSegmentation(kind="image_segmentation", classes=classes, ignore=ignore)
    return open_source(FolderData(path=str(root), label=label, **options), task, root.parent / "cache", lambda _: None)


def mask_of(source: DataSource, key: str) -> np.ndarray:
    found: np.ndarray = source.element(tf.constant(source.keys.index(key), tf.int64))["mask"].numpy()
    return found


@pytest.mark.parametrize(("classes", "top"), [(NAMES, "wall"), (("background", "wall", "cell"), "cell")])
def test_the_class_that_is_named_last_is_above(classes: tuple[str, ...], top: str, tmp_path: Path) -> None:
    source = opened(folder(tmp_path / "data"), classes)
    assert source.info.classes == classes
    for key in source.keys:
        number = int(Path(key).stem)
        expected = np.zeros((12, 16), np.uint8)
        for value, text in enumerate(classes[1:], 1):
            expected[layer(number, text) > 0] = value
        assert np.array_equal(mask_of(source, key), expected)
        assert expected[4, 7] == classes.index(top)
    assert source.label_texts[0] == "masks/*/0.png"
    assert any("classes cover each other in 8 masks (" in note and "named last" in note for note in source.info.notes)
    assert source.scheme.classes_option == {name: name for name in classes}
    assert type(source.scheme).from_json(source.scheme.to_json()) == source.scheme


def test_folders_are_the_classes_where_none_are_named_and_none_covers_another(tmp_path: Path) -> None:
    root = folder(tmp_path / "data", **{f"cell{number}": layer(0, "cell") * (np.arange(16) < 7) for number in range(8)})
    assert opened(root, None).info.classes == NAMES
    with pytest.raises(
        DataError, match=r'nothing says which is above(.|\n)*"classes": \["background", "cell", "wall"\]'
    ):
        opened(folder(tmp_path / "other"), None)


def test_folders_can_have_other_names_and_share_a_class(tmp_path: Path) -> None:
    source = opened(folder(tmp_path / "data"), {"none": "ground", "wall": "thing", "cell": "thing"})
    assert source.info.classes == ("ground", "thing")
    assert np.array_equal(mask_of(source, "images/0.png") > 0, (layer(0, "cell") > 0) | (layer(0, "wall") > 0))
    assert source.scheme.classes_option == {"none": "ground", "wall": "thing", "cell": "thing"}


def test_a_class_that_an_image_has_not_needs_no_file_and_ignored_pixels_win(tmp_path: Path) -> None:
    ignored = layer(1, "cell")
    ignored[0], ignored[1:, 8] = 7, 7
    source = opened(folder(tmp_path / "data", wall0=None, cell1=ignored), ignore=7)
    assert set(np.unique(mask_of(source, "images/0.png"))) == {0, 1}
    found = mask_of(source, "images/1.png")
    assert (found == IGNORE).sum() == (ignored == 7).sum() > 0
    assert (found[ignored == 7] == IGNORE).all()


def test_a_changed_file_changes_the_mask_and_is_found(tmp_path: Path) -> None:
    root = folder(tmp_path / "data")
    before = opened(root)
    write(root / "masks" / "wall" / "0.png", encode_image(layer(0, "wall")[::-1, ::-1].copy()))
    assert before.find_changed(range(8)) == ["images/0.png"]
    after = opened(root)
    assert not np.array_equal(mask_of(before, "images/0.png"), mask_of(after, "images/0.png"))
    assert before.info.fingerprint != after.info.fingerprint
    assert not after.find_changed(range(8))


def test_names_of_files_tell_classes_that_task_classes_names(tmp_path: Path) -> None:
    root = folder(tmp_path / "data")
    for path in sorted((root / "masks").glob("*/*.png")):
        path.rename(root / "masks" / f"{path.stem}_{path.parent.name}.png")
    label = "masks/{stem}_{class}.png"
    assert mask_of(opened(root, label=label), "images/3.png").max() == 2
    with pytest.raises(ConfigError, match="does not tell which classes there are"):
        opened(root, None, label=label)


@pytest.mark.parametrize(
    ("changed", "options", "said"),
    [
        ({}, {"classes": ("background", "cell")}, 'the folder "wall" by the template'),
        ({}, {"classes": ("background", "cell", "wal")}, 'no folder "wal" by the template .* did you mean "wall"'),
        ({}, {"label": "truth/{class}/{stem}.png"}, "truth is no folder"),
        ({}, {"label": "masks/{class}/{stem}.tif"}, "none of the 8 images"),
        ({"cell3": None, "wall3": None}, {}, "images/3.png"),
        ({"cell3": layer(3, "cell", (9, 16))}, {}, "masks/wall/3.png is 16 x 12 pixels, masks/cell/3.png 16 x 9"),
        ({"cell3": np.arange(192).reshape(12, 16).astype(np.uint8)}, {}, "has the values 1, 2, 3, 4, 5, ... besides 0"),
    ],
)
def test_what_is_wrong_is_named(changed: dict[str, Any], options: dict[str, Any], said: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=said):
        opened(folder(tmp_path / "data", **changed), **options)


def test_a_template_without_stem_is_refused_and_bad_examples_can_be_left_out(tmp_path: Path) -> None:
    root = folder(tmp_path / "data", 9, cell3=layer(3, "cell", (9, 16)), cell4=None, wall4=None)
    with pytest.raises(ConfigError, match="every image would have the same masks"):
        opened(root, label="masks/{class}.png")
    source = opened(root, on_bad_file="skip", on_missing="skip")
    assert [key for key in (f"images/{number}.png" for number in range(9)) if key not in source.keys] == [
        "images/3.png",
        "images/4.png",
    ]
