from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from kerastune_ft.config.options.data import TableData
from kerastune_ft.config.options.tasks import ImageSegmentation
from kerastune_ft.data.open import open_source
from kerastune_ft.data.source import DataSource
from kerastune_ft.errors import ConfigError, DataError
from tests.support.image_files import encode_image, pixels, write

ROWS = 20


def mask(number: int) -> np.ndarray:
    return np.random.default_rng(number).integers(0, 3, (12, 16)).astype(np.uint8)


@pytest.fixture
def table(tmp_path: Path) -> Path:
    rows = ["id,photo,mask,patient"]
    for number in range(ROWS):
        write(tmp_path / "data" / "photos" / f"{number}.png", encode_image(pixels(number)))
        write(tmp_path / "data" / "truth" / f"{number}_mask.png", encode_image(mask(number)))
        rows.append(f"{number},photos/{number}.png,truth/{number}_mask.png,p{number // 2}")
    return write(tmp_path / "data" / "cells.csv", "\n".join(rows).encode())


def opened(path: Path, label: Any = "mask", **options: Any) -> DataSource:
    task = ImageSegmentation(kind="image_segmentation", classes=("a", "b", "c"))
    data = TableData(path=str(path), input="photo", label=label, **options)
    return open_source(data, task, path.parents[1] / "cache", lambda _: None)


@pytest.mark.parametrize("label", ["mask", "truth/{id}_mask.png"])
def test_a_column_or_a_template_names_masks(table: Path, label: str) -> None:
    source = opened(table, label, group="patient")
    assert source.info.classes == ("a", "b", "c")
    assert source.label_texts[7] == "truth/7_mask.png"
    assert np.array_equal(source.element(tf.constant(7, tf.int64))["mask"], mask(7))
    assert source.labels[7].tolist() == np.bincount(mask(7).ravel()).tolist()
    assert sum(source.info.groups.values()) == 10


def test_rows_without_a_mask(table: Path) -> None:
    text = table.read_text().replace("truth/3_mask.png", "").replace("truth/4_mask", "truth/none")
    table.write_text(text)
    with pytest.raises(DataError, match=r"1 row of 20 .* has no label \(mask\)"):
        opened(table)
    source = opened(table, on_missing="skip")
    assert source.info.examples == ROWS - 2
    assert "is not there" in source.info.skipped[1].reason
    (table.parent / "truth" / "5_mask.png").write_bytes(b"")
    with pytest.raises(DataError, match=r"row 7: photos/5.png, its mask truth/5_mask.png"):
        opened(table, on_missing="skip")
    assert opened(table, on_missing="skip", on_bad_file="skip").info.examples == ROWS - 3


def test_several_columns_are_no_mask(table: Path) -> None:
    with pytest.raises(ConfigError, match=r"data.label: a mask is one file for an example"):
        opened(table, ("mask", "photo"))
