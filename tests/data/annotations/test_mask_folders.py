from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from PIL import ExifTags, Image

from kerastune_ft.config.options.data import FolderData, Fractions, Named
from kerastune_ft.config.options.tasks import ImageSegmentation
from kerastune_ft.data.open import open_source
from kerastune_ft.data.source import DataSource
from kerastune_ft.errors import ConfigError, DataError
from kerastune_ft.input.decode import read_pixels
from tests.support.image_files import encode_image, pixels, write

CLASSES = {"0": "background", "255": "cell"}


def mask(seed: int, values: tuple[int, ...] = (0, 255)) -> np.ndarray:
    return np.random.default_rng(seed).choice(np.array(values, np.uint8), (12, 16))


def pairs(root: Path, count: int = 10, images: str = "images", masks: str = "masks/{stem}.png", seed: int = 0) -> Path:
    for number in range(count):
        write(root / images / f"{number}.png", encode_image(pixels(seed + number)))
        write(root / masks.replace("{stem}", str(number)), encode_image(mask(seed + number)))
    return root


def opened(
    root: Path, classes: Any = None, ignore: int | None = None, unsplit: bool = False, **options: Any
) -> DataSource:
    task = ImageSegmentation(kind="image_segmentation", classes=classes, ignore=ignore)
    cache = root.parent / "cache"
    return open_source(FolderData(path=str(root), **options), task, cache, lambda _: None, unsplit=unsplit)


def test_masks_of_the_same_stem_are_labels(tmp_path: Path) -> None:
    root = pairs(tmp_path / "cells", 20)
    source = opened(root, CLASSES)
    assert source.info.classes == ("background", "cell")
    assert source.info.sizes == {"train": 14, "validation": 3, "test": 3}
    assert source.info.counts["test"] == {"background": 3, "cell": 3}
    assert source.keys[0] == "images/0.png"
    assert source.label_texts[0] == "masks/0.png"
    for index, key in enumerate(source.keys):
        element = source.element(tf.constant(index, tf.int64))
        expected = mask(int(Path(key).stem)) == 255
        assert element["mask"].dtype == tf.uint8
        assert np.array_equal(element["mask"], expected)
        assert source.labels[index].tolist() == [(~expected).sum(), expected.sum()]
        assert np.array_equal(tf.io.decode_image(element["image"]), pixels(int(Path(key).stem)))
    document = source.scheme.to_json()
    assert (document["kind"], document["values"], document["ignore"]) == ("mask", CLASSES, None)
    assert type(source.scheme).from_json(document) == source.scheme
    assert source.scheme.classes_option == CLASSES


def test_a_mask_fits_the_photo_as_viewers_show_it(tmp_path: Path) -> None:
    root = pairs(tmp_path / "cells")
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    (root / "images" / "3.png").unlink()
    write(root / "images" / "3.jpg", encode_image(Image.fromarray(pixels(3)), "JPEG", exif=exif))
    with pytest.raises(DataError, match=r"16 pixels wide and 12 high, its picture 12 wide and 16 high; .*ignore"):
        opened(root, CLASSES)
    stored = opened(root, CLASSES, exif="ignore")
    assert "1 photo is stored rotated (EXIF) and used as stored (data.exif ignore)" in stored.info.notes
    write(root / "masks" / "3.png", encode_image(np.rot90(mask(3), -1)))
    source = opened(root, CLASSES)
    assert (
        "1 photo is stored rotated (EXIF) and turned as viewers show them (data.exif apply); their masks are as in the "
        "files, so they must fit the turned photos"
    ) in source.info.notes
    element = source.element(tf.constant(source.keys.index("images/3.jpg"), tf.int64))
    assert read_pixels(source, element).shape[:2] == element["mask"].shape == (16, 12)


def test_the_fingerprint_follows_masks_and_contents_do_not(tmp_path: Path) -> None:
    root = pairs(tmp_path / "cells")
    before = opened(root)
    write(root / "masks" / "3.png", encode_image(mask(99)))
    after = opened(root)
    assert before.info.fingerprint != after.info.fingerprint
    assert list(before.contents) == list(after.contents)
    assert before.find_changed(range(10)) == ["images/3.png"]
    (root / "masks" / "4.png").unlink()
    assert before.find_lost() == [("images/4.png", "its mask is not there any more")]


@pytest.mark.parametrize("inside", [True, False])
def test_split_folders_stand_above_or_below(tmp_path: Path, inside: bool) -> None:
    root = tmp_path / "cells"
    for number, (split, count) in enumerate({"train": 8, "test": 3}.items()):
        if inside:
            pairs(root, count, f"images/{split}", f"masks/{split}/{{stem}}.png", 100 * number)
        else:
            pairs(root / split, count, seed=100 * number)
    source = opened(root, CLASSES)
    assert source.info.sizes == {"train": 7, "validation": 1, "test": 3}
    first = int(source.splits["test"][0])
    assert np.array_equal(source.element(tf.constant(first, tf.int64))["mask"], mask(100) == 255)
    pooled = opened(root, CLASSES, splits=Fractions(train=0.5, validation=0.25, test=0.25))
    assert sum(pooled.info.sizes.values()) == 11
    assert opened(root, CLASSES, unsplit=True).info.sizes == {"test": 11}
    shutil.move(root / "images" / "test" if inside else root / "test", root / "images" / "b" if inside else root / "b")
    if inside:
        shutil.move(root / "masks" / "test", root / "masks" / "b")
    assert opened(root, CLASSES, splits=Named(train="train", test="b")).info.sizes["test"] == 3
    with pytest.raises(DataError, match=r"no folder|would have no example"):
        opened(root, CLASSES, splits=Named(train="train", test="c"))


def test_unusual_split_folders_are_named(tmp_path: Path) -> None:
    for split in ("train", "val"):
        pairs(tmp_path / "above" / split, 4)
        pairs(tmp_path / "below", 4, f"images/{split}", f"masks/{split}/{{stem}}.png")
    for place in ("above", "below"):
        with pytest.raises(DataError, match=r'"splits": {"train": "train", "validation": "val"}'):
            opened(tmp_path / place)
    shutil.move(tmp_path / "below" / "images" / "val", tmp_path / "below" / "images" / "more")
    assert "ignored 4 images beside the split folders" in opened(tmp_path / "below").info.notes


def test_other_names_by_options(tmp_path: Path) -> None:
    root = pairs(tmp_path / "cells", 10, "photos", "annotations/{stem}_mask.png")
    source = opened(root, input="photos", label="annotations/{stem}_mask.png")
    assert source.label_texts[0] == "annotations/0_mask.png"
    assert source.info.classes == ("0", "255")
    with pytest.raises(DataError, match=r'has no folder "images"(.|\n)*"input": "photos"'):
        opened(root)
    with pytest.raises(DataError, match='has no folder "masks"'):
        opened(root, input="photos")
    with pytest.raises(ConfigError, match=r"has no {stem}"):
        opened(root, input="photos", label="annotations/{name}.png")
    with pytest.raises(DataError, match="none of the 10 images"):
        opened(root, input="photos", label="annotations/{stem}.png")


def test_an_image_without_a_mask_and_a_mask_without_an_image(tmp_path: Path) -> None:
    root = pairs(tmp_path / "cells", 12)
    (root / "masks" / "7.png").unlink()
    (root / "images" / "8.png").unlink()
    with pytest.raises(
        DataError, match=r'1 of 11 images in .* has no mask by the label masks:\n  images/7.png\n.*"on_missing"'
    ):
        opened(root)
    source = opened(root, on_missing="skip")
    assert [(file.path, file.reason) for file in source.info.skipped] == [("images/7.png", "has no mask")]
    assert "ignored 1 mask without an image of the same stem" in source.info.notes
    write(root / "masks" / "1.bmp", encode_image(mask(1), "BMP"))
    with pytest.raises(DataError, match=r"same stem(.|\n)*masks/1.bmp  and masks/1.png"):
        opened(root, on_missing="skip")


def test_masks_that_cannot_be_used(tmp_path: Path) -> None:
    root = pairs(tmp_path / "cells", 12)
    write(root / "masks" / "5.png", b"nothing")
    with pytest.raises(DataError, match=r"1 of 12 mask files(.|\n)*images/5.png, its mask masks/5.png  cannot be read"):
        opened(root)
    assert opened(root, on_bad_file="skip").info.examples == 11
    write(root / "masks" / "5.png", encode_image(mask(5).T))
    with pytest.raises(DataError, match=r"masks/5.png, the mask of images/5.png: is 12 pixels wide.*on its side"):
        opened(root)
    write(root / "masks" / "5.png", encode_image(mask(5, (0, 7, 255))))
    with pytest.raises(DataError, match=r'value 7 \(\d+ of 192 pixels\) of no class(.|\n)*"ignore": 7'):
        opened(root, CLASSES)
    source = opened(root, CLASSES, ignore=7)
    index = list(source.keys).index("images/5.png")
    found = source.element(tf.constant(index, tf.int64))["mask"].numpy()
    assert np.array_equal(found == 255, mask(5, (0, 7, 255)) == 7)
    assert source.labels[index].sum() == (found != 255).sum()


def test_names_in_order_stand_for_values(tmp_path: Path) -> None:
    root = pairs(tmp_path / "cells", 10)
    assert opened(root, ("background", "cell")).scheme.raw_values == {0: "background", 255: "cell"}
    with pytest.raises(ConfigError, match=r"names 3 classes, and the masks .* have the values 0, 255"):
        opened(root, ("a", "b", "c"))
    for text in ("-1", "65536"):
        with pytest.raises(ConfigError, match=f'"{text}" is no value of a pixel; write whole numbers from 0 to 65535'):
            opened(root, {text: "a", "0": "b"})
    with pytest.raises(ConfigError, match='"cell" is no value of a pixel'):
        opened(root, {"cell": "a", "0": "b"})


def test_masks_of_other_classes_are_divided_alike(tmp_path: Path) -> None:
    root = pairs(tmp_path / "cells", 40)
    for number in range(10):
        write(root / "masks" / f"{number}.png", encode_image(np.zeros((12, 16), np.uint8)))
    counts = opened(root, CLASSES).info.counts
    assert {split: count["cell"] for split, count in counts.items()} == {"train": 21, "validation": 5, "test": 4}
