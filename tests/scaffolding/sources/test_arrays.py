"""What `init` makes of an .npz file, and that the run can read what it wrote."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kerastune_ft import init
from kerastune_ft.config.read import read
from kerastune_ft.data.open import open_source
from kerastune_ft.data.source import DataSource
from kerastune_ft.scaffolding.scaffold import Scaffolded

COUNT = 90
ROWS = np.arange(COUNT)
IMAGES = np.random.default_rng(0).integers(0, 256, (COUNT, 8, 8, 3)).astype(np.uint8)
SHARES = (IMAGES / 255).astype(np.float32)
FLAGS = np.random.default_rng(1).integers(0, 2, (COUNT, 3))


def begin(**arrays: Any) -> tuple[Scaffolded, dict[str, Any], DataSource]:
    """Return what init says of these arrays, what it wrote, and the source that a run would open."""
    np.savez("a.npz", **arrays)
    started = init("a.npz")
    config = read(Path("a.json"))
    source = open_source(config.data, config.task, Path("cache"), lambda _: None)
    return started, config.to_json(), source


@pytest.mark.parametrize(
    ("x", "intensity"),
    [
        (IMAGES, "auto"),
        (IMAGES.astype(np.float32), "auto"),
        (SHARES, [0, 1]),
        (SHARES * 2 - 1, [-1, 1]),
        ((IMAGES > 100).astype(np.int64), [0, 1]),
        (IMAGES.astype(np.uint16) * 16, [0, 4080]),
        (IMAGES.astype(np.int16) - 1000, [-1000, -745]),
        (np.full((COUNT, 8, 8), 300, np.uint16), [0, 300]),
        (IMAGES // 16, [0, 15]),
        ((IMAGES % 17).astype(np.float32), [0, 16]),
        (IMAGES % 2, [0, 1]),
    ],
    ids=[
        "8 bits",
        "float 8 bits",
        "shares",
        "both signs",
        "masks",
        "12 bits",
        "negative",
        "constant",
        "4 bits",
        "digits",
        "bits",
    ],
)
def test_the_range_of_the_images_is_written_where_it_is_not_0_to_255(x: np.ndarray, intensity: Any) -> None:
    _, config, _ = begin(x=x, y=ROWS % 3)
    assert config["data"]["intensity"] == intensity


def test_the_range_has_its_reason_and_an_unusual_one_is_asked_for() -> None:
    started, _, _ = begin(x=IMAGES.astype(np.uint16) * 16, y=ROWS % 3)
    assert "x has values from 0 to 4080" in Path("a.json").read_text()
    assert "is 0 to 4080 the range that matters" in started.asks[0]


def test_labels_with_fractions_are_a_regression_however_few_there_are() -> None:
    started, config, source = begin(x=SHARES, y=np.array([0.0, 1.5, 3.0])[ROWS % 3])
    assert config["task"]["kind"] == "image_regression"
    assert (started.counts, source.info.classes) == ({}, ())


def test_whole_numbers_written_as_floats_are_the_classes_of_the_run() -> None:
    started, config, source = begin(x=IMAGES, y=(ROWS % 2).astype(np.float64))
    assert source.info.classes == tuple(started.counts) == ("0", "1")
    assert config["task"]["positive"] == "1"


@pytest.mark.parametrize("flags", [FLAGS, FLAGS.astype(bool), FLAGS.astype(np.float32)], ids=["int", "bool", "float"])
def test_columns_of_flags_are_several_labels(flags: np.ndarray) -> None:
    started, config, source = begin(x=IMAGES, y=flags)
    assert config["task"]["multi_label"] is True
    assert source.info.classes == ("y[0]", "y[1]", "y[2]")
    assert list(started.counts.values()) == FLAGS.sum(axis=0).tolist() == source.labels.sum(axis=0).tolist()
    assert started.asks == ()


def test_one_hot_rows_are_asked_about() -> None:
    started, config, _ = begin(x=IMAGES, y=np.eye(3)[ROWS % 3])
    assert config["task"]["multi_label"] is True
    assert "argmax" in started.asks[0]


def test_columns_of_other_numbers_are_a_regression() -> None:
    _, config, source = begin(x=IMAGES, y=np.stack([ROWS, ROWS % 7], axis=1))
    assert config["task"]["kind"] == "image_regression"
    assert source.labels.shape == (COUNT, 2)


@pytest.mark.parametrize(
    ("name", "values"),
    [("group", ROWS // 3), ("patient", (ROWS // 3).astype("U3")), ("subject_id", (ROWS // 3).astype("S3"))],
)
def test_an_array_named_as_groups_is_the_group(name: str, values: np.ndarray) -> None:
    started, config, source = begin(x=IMAGES, y=ROWS % 2, **{name: values})
    assert config["data"]["group"] == name
    assert sum(source.info.groups.values()) == COUNT // 3
    assert "of unknown use" not in str(started)


def test_values_that_are_all_different_are_no_groups_and_an_unknown_use_is_said() -> None:
    started, config, _ = begin(x=IMAGES, y=ROWS % 2, patient=ROWS, extra=ROWS % 5, notes=np.zeros(3))
    assert config["data"]["group"] is None
    said = [note for note in started.seen if "of unknown use" in note]
    assert [note.split()[0] for note in said] == ["patient", "extra"]
    assert '"group": "extra"' in said[1]
    assert "arrays not used: notes" in started.seen


def test_groups_are_not_taken_for_labels() -> None:
    _, config, _ = begin(images=IMAGES, group=ROWS // 3, labels=ROWS % 3)
    assert (config["data"]["x"], config["data"]["y"], config["data"]["group"]) == ("images", "labels", "group")


def test_labels_that_are_not_numbers_are_asked_about() -> None:
    np.savez("a.npz", x=IMAGES, y=np.where(ROWS == 3, np.nan, ROWS / 7))
    started = init("a.npz")
    assert "1 row of y have NaN" in started.asks[0]
    assert started.task == "image_regression"
