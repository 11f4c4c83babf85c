from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pytest

from kerastune_ft.config.options.mask_values import BORDER, COLOUR
from kerastune_ft.config.options.tasks import Border, ImageSegmentation
from kerastune_ft.data.labels.masks import MaskLabels
from kerastune_ft.data.labels.number import number_labels
from kerastune_ft.data.labels.raw import MaskFiles, SingleLabels
from kerastune_ft.data.labels.scheme import LabelScheme
from kerastune_ft.errors import ConfigError, DataError

SEGMENTATION = ImageSegmentation(kind="image_segmentation")


@dataclass(frozen=True)
class Mask:
    """A mask of which only the counts are known."""

    counts: Mapping[int, int]
    key: str = "masks/1.png"
    sha256: str = field(default="ab")

    def read(self, numbers: Mapping[int, int], ignore: int | None) -> np.ndarray:
        return np.zeros((1, 1), np.uint8)

    def find_problem(self, numbers: Mapping[int, int], ignore: int | None, size: tuple[int, int] | None) -> str | None:
        return None

    def has_changed(self) -> bool:
        return False

    def find_loss(self) -> str | None:
        return None


def numbered(
    *counts: Mapping[int, int],
    classes: Mapping[str, str] | tuple[str, ...] | None = None,
    names: Mapping[int, str] | None = None,
    **options: object,
) -> MaskLabels:
    raw = MaskFiles([Mask(count) for count in counts], names or {}, {value: "" for value in names or {}})
    task = SEGMENTATION.model_copy(update={"classes": classes, **options})
    labels = number_labels(raw, [str(index) for index in range(len(counts))], task, "cells")
    assert isinstance(labels, MaskLabels)
    return labels


def test_pixels_are_counted_by_class_and_weigh_it() -> None:
    labels = numbered({0: 6, 9: 2}, {0: 4, 3: 4}, classes={"0": "ground", "3": "cell", "9": "cell"})
    assert labels.names == ("ground", "cell")
    assert labels.numbers.tolist() == [[6, 2], [4, 4]]
    every = np.arange(2)
    assert labels.counts(every) == {"ground": 2, "cell": 2}
    assert labels.balanced_weights(every) == (16 / 20, 16 / 12)
    scheme = labels.scheme(every)
    assert scheme.numbers == {0: 0, 3: 1, 9: 1}
    assert LabelScheme.from_json(scheme.to_json()) == scheme


def test_strata_are_the_classes_of_masks_that_differ() -> None:
    strata, names = numbered({0: 6, 9: 2}, {0: 4}).strata
    assert (strata.tolist(), names) == ([[1, 1], [1, 0]], ("0", "9"))
    alike = numbered({0: 6, 9: 2}, {0: 1, 9: 7})
    assert alike.strata[0].tolist() == [0, 0]
    assert not alike.strata_are_classes


def test_names_in_order_are_positions_where_values_are() -> None:
    assert numbered({0: 1, 2: 5}, classes=("a", "b", "c")).scheme(np.arange(1)).raw_values == {0: "a", 1: "b", 2: "c"}
    assert numbered({0: 1, 200: 5}, classes=("a", "b")).scheme(np.arange(1)).raw_values == {0: "a", 200: "b"}
    with pytest.raises(ConfigError, match="names 2 classes, and the masks of cells have the values 0, 7, 200"):
        numbered({0: 1, 7: 1, 200: 5}, classes=("a", "b"))


def test_what_cannot_be_segmented_is_refused() -> None:
    with pytest.raises(DataError, match="the masks of cells have one value, 4"):
        numbered({4: 10})
    with pytest.raises(DataError, match=r"have 300 values(.|\n)*if the values number objects"):
        numbered(dict.fromkeys(range(300), 1))
    with pytest.raises(ConfigError, match="cells gives no masks, and image_segmentation needs one"):
        number_labels(SingleLabels(["a"]), ["1"], SEGMENTATION, "cells")


def test_ranges_colours_and_borders_keep_what_task_classes_calls_them() -> None:
    classes = {"0": "ground", "1-9": "cell"}
    scheme = numbered({0: 6, 1: 2, BORDER: 1}, classes=classes, border=Border(name="edge")).scheme(np.arange(1))
    assert scheme.names == ("ground", "cell", "edge")
    assert scheme.numbers == {0: 0, 1: 1, BORDER: 2}
    assert scheme.classes_option == classes
    assert scheme.pixel_values == frozenset((*range(10), BORDER))
    assert LabelScheme.from_json(scheme.to_json()) == scheme
    colours = {"#000000": "ground", "#0000ff": "sky"}
    painted = numbered({COLOUR: 6, COLOUR + 255: 2}, classes=colours, ignore="#ffffff").scheme(np.arange(1))
    assert painted.classes_option == colours
    assert painted.ignore == COLOUR + 0xFFFFFF


def test_a_format_may_name_its_own_values() -> None:
    labels = numbered({0: 4, 2: 1}, {0: 1, 1: 9}, names={0: "ground", 1: "cell", 2: "cell"})
    assert labels.names == ("ground", "cell")
    assert labels.numbers.tolist() == [[4, 1], [1, 9]]


@pytest.mark.parametrize(
    ("classes", "ignore", "said"),
    [
        ({"0": "a", "#0000ff": "b"}, None, "some are colours and some numbers"),
        ({"#000000": "a", "#0000ff": "b"}, 7, "some are colours and some numbers"),
        ({"0": "a", "1-9": "b", "9": "c"}, None, '"1-9" and "9" have a value in common'),
        ({"0": "a", "1-9": "b"}, 5, '5 is among the values "1-9"'),
        ({"0": "a", "cell": "b"}, None, '"cell" is no value of a pixel; write whole numbers'),
    ],
)
def test_values_that_contradict_each_other_are_refused(classes: dict[str, str], ignore: int | None, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        numbered({0: 1}, classes=classes, ignore=ignore)


def test_many_values_without_names_may_be_objects() -> None:
    every = {"train": np.arange(1)}
    assert "number objects" in numbered(dict.fromkeys(range(40), 1)).find_notes(every)[-1]
    assert len(numbered(dict.fromkeys(range(4), 1)).find_notes(every)) == 1
