from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from kerastune_ft.config.options.augment import AUGMENT_PRESETS, Augment
from kerastune_ft.graph.randomness import example_keys
from kerastune_ft.input.image_augmentation import augment, draw
from tests.support.places import ROOT

NONE = dict(AUGMENT_PRESETS["none"])
IMAGES = np.random.default_rng(0).integers(0, 256, (16, 24, 32, 3), np.uint8)


def _keys(count: int = 16, epoch: int = 0) -> tf.Tensor:
    return example_keys("seed 0 phase 0", epoch, tf.range(count, dtype=tf.int64))


def _augment(images: np.ndarray, keys: tf.Tensor, **ops: Any) -> np.ndarray:
    return augment(tf.constant(images), keys, NONE | ops).numpy()


@pytest.mark.parametrize("preset", ["light", "medium", "strong"])
def test_result_does_not_depend_on_the_batch(preset: str) -> None:
    ops = AUGMENT_PRESETS[preset]
    keys = _keys()
    whole = _augment(IMAGES, keys, **ops)
    order = np.random.default_rng(1).permutation(16)
    assert np.array_equal(_augment(IMAGES[order], tf.gather(keys, order), **ops), whole[order])
    for size in range(1, 16):
        assert np.array_equal(_augment(IMAGES[:size], keys[:size], **ops), whole[:size])
        assert np.array_equal(_augment(IMAGES[size:], keys[size:], **ops), whole[size:])


@pytest.mark.parametrize("preset", ["light", "medium", "strong"])
def test_values_shape_and_epochs(preset: str) -> None:
    ops = AUGMENT_PRESETS[preset]
    first, again, later = (_augment(IMAGES, _keys(epoch=epoch), **ops) for epoch in (0, 0, 1))
    assert first.dtype == np.float32
    assert first.min() >= 0
    assert first.max() <= 255
    assert np.array_equal(first, again)
    assert all(np.any(one != other) for one, other in zip(first, later, strict=True))


def test_none_changes_nothing() -> None:
    assert np.array_equal(_augment(IMAGES, _keys()), IMAGES)


@pytest.mark.parametrize(("flip", "forms"), [("horizontal", 2), ("both", 4)])
def test_flip_gives_every_form_and_no_other(flip: str, forms: int) -> None:
    images = np.repeat(IMAGES[:1], 64, axis=0)
    found = _augment(images, _keys(64), flip=flip)
    one = IMAGES[0]
    allowed = [one, one[:, ::-1], one[::-1], one[::-1, ::-1]][: 2 if flip == "horizontal" else 4]
    matches = [next(number for number, form in enumerate(allowed) if np.array_equal(form, image)) for image in found]
    assert sorted(set(matches)) == list(range(forms))


def test_flip_is_the_same_in_a_warp() -> None:
    plain = _augment(IMAGES, _keys(), flip="both")
    warped = _augment(IMAGES, _keys(), flip="both", zoom=1e-7)
    assert np.abs(plain - warped).max() < 0.5


def test_rotation_turns_about_the_centre() -> None:
    image = np.zeros((1, 33, 33, 3), np.uint8)
    image[0, 16, 16] = 255
    image[0, 16, 24] = 128
    found = _augment(np.repeat(image, 32, axis=0), _keys(32), rotate=0.5)[..., 0]
    assert found[:, 16, 16].min() > 250
    rows, columns = np.mgrid[:33, :33]
    masses = np.where(np.hypot(rows - 16, columns - 16) > 4, found, 0)
    totals = masses.sum(axis=(1, 2))
    y = (masses * rows).sum(axis=(1, 2)) / totals - 16
    x = (masses * columns).sum(axis=(1, 2)) / totals - 16
    assert np.allclose(np.hypot(x, y), 8, atol=0.6)
    assert np.ptp(np.arctan2(y, x)) > 3


def test_zoom_keeps_the_centre_and_changes_the_scale() -> None:
    image = np.zeros((1, 65, 65, 3), np.uint8)
    image[0, 22:43, 22:43] = 255
    sizes = np.sqrt((_augment(np.repeat(image, 64, axis=0), _keys(64), zoom=0.25)[..., 0] / 255).sum(axis=(1, 2)))
    assert 21 * 0.74 <= sizes.min() < 18
    assert 24 < sizes.max() <= 21 * 1.26


@pytest.mark.parametrize("zoom", [0.1, 0.25, 0.8])
def test_zoom_draws_the_enlargement_evenly_from_its_range(zoom: float) -> None:
    affine = draw(_keys(2000), NONE | {"zoom": zoom}, (24, 32)).affine
    assert affine is not None
    enlarged = 1 / affine.numpy()[:, 0]
    assert (1 - zoom) * (1 - 1e-6) <= enlarged.min() < 1 - 0.98 * zoom
    assert 1 + 0.98 * zoom < enlarged.max() <= (1 + zoom) * (1 + 1e-6)
    # Even draws from 1 - zoom to 1 + zoom, by their mean and their quartiles.
    assert np.mean(enlarged) == pytest.approx(1, abs=0.05 * zoom)
    assert np.quantile(enlarged, [0.25, 0.75]) == pytest.approx([1 - zoom / 2, 1 + zoom / 2], abs=0.06 * zoom)
    earlier = draw(_keys(2000), NONE | {"inverse_zoom": zoom}, (24, 32)).affine
    assert earlier is not None
    np.testing.assert_allclose(earlier.numpy()[:, 0], enlarged, atol=zoom / 2000)


def test_an_enlarged_square_has_the_drawn_size() -> None:
    # Of 40 pixels on a side, around the centre of 96.
    image = np.zeros((1, 96, 96, 3), np.uint8)
    image[:, 28:68, 28:68] = 255
    shown = _augment(np.repeat(image, 32, axis=0), _keys(32), zoom=0.25)
    affine = draw(_keys(32), NONE | {"zoom": 0.25}, (96, 96)).affine
    assert affine is not None
    sides = np.sqrt((shown[..., 0] / 255).sum(axis=(1, 2)))
    assert sides == pytest.approx(40 / affine.numpy()[:, 0], abs=0.5)
    assert 30 <= sides.min() < 33
    assert 47 < sides.max() <= 50.5


def test_brightness_shifts_and_contrast_spreads() -> None:
    middle = np.clip(IMAGES, 100, 150)
    shifts = _augment(middle, _keys(), brightness=0.2) - middle
    assert np.ptp(shifts, axis=(1, 2, 3)).max() < 1e-3
    assert 20 < np.abs(shifts).max() <= 51
    spread = _augment(middle, _keys(), contrast=0.3)
    assert np.allclose(spread.mean(axis=(1, 2, 3)), middle.mean(axis=(1, 2, 3)), atol=0.01)
    factors = spread.std(axis=(1, 2, 3)) / middle.std(axis=(1, 2, 3))
    assert factors.min() >= 0.69
    assert factors.max() <= 1.31
    assert np.ptp(factors) > 0.3


def test_erase_covers_one_rectangle_of_the_stated_area() -> None:
    images = np.zeros((200, 40, 50, 3), np.uint8)
    grey = _augment(images, _keys(200), erase=0.5)[..., 0] == 127
    erased = grey.any(axis=(1, 2))
    assert 70 < erased.sum() < 130
    for mask in grey[erased]:
        rows, columns = mask.any(axis=1), mask.any(axis=0)
        assert mask.sum() == rows.sum() * columns.sum()
        assert 0.01 < mask.mean() < 0.23


def test_static_shape_is_kept_in_a_graph() -> None:
    traced = tf.function(lambda images, keys: augment(images, keys, AUGMENT_PRESETS["strong"]))
    concrete = traced.get_concrete_function(tf.TensorSpec([4, 24, 32, 3], tf.uint8), tf.TensorSpec([4, 2], tf.uint32))
    assert concrete.output_shapes == tf.TensorShape([4, 24, 32, 3])


PAGE = ROOT / "docs" / "schedules.md"
OPERATIONS = {"flip": "horizontal", "rotate": 0.1, "zoom": 0.25, "contrast": 0.2, "brightness": 0.15, "erase": 0.5}


def _rows_of_the_page() -> dict[str, dict[str, Any]]:
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith("| augmentation |"))
    names = [re.sub(r"\(.*\)", "", cell).strip() for cell in lines[start].strip("|").split("|")][1:]
    rows = {}
    for line in lines[start + 2 :]:
        if not line.startswith("|"):
            break
        preset, *values = [cell.strip(" `") for cell in line.strip("|").split("|")]
        rows[preset] = {
            name: value if name == "flip" else float(value) for name, value in zip(names, values, strict=True)
        }
    return rows


def test_the_page_says_what_presets_do() -> None:
    assert _rows_of_the_page() == {name: dict(ops) for name, ops in AUGMENT_PRESETS.items() if name != "none"}


@pytest.mark.parametrize("preset", ["none", "light", "medium", "strong"])
@pytest.mark.parametrize("name", OPERATIONS)
def test_an_operation_given_takes_the_place_of_the_presets(preset: str, name: str) -> None:
    found = Augment(preset=preset, **{name: OPERATIONS[name]}).resolve()
    assert found == dict(AUGMENT_PRESETS[preset]) | {name: OPERATIONS[name]}


@pytest.mark.parametrize("name", OPERATIONS)
def test_an_operation_alone_changes_images_and_without_it_they_stay(name: str) -> None:
    alone = _augment(IMAGES, _keys(), **{name: OPERATIONS[name]})
    assert (alone != IMAGES).any(axis=(1, 2, 3)).mean() >= 0.25
    assert np.array_equal(_augment(IMAGES, _keys(), **{name: NONE[name]}), IMAGES)


def test_together_they_are_one_after_another() -> None:
    """Every draw has a place of its own, so an operation draws the same beside others as alone."""
    images = np.clip(IMAGES, 100, 150)
    together = _augment(images, _keys(), **OPERATIONS)
    steps = _augment(images, _keys(), **{name: OPERATIONS[name] for name in ("flip", "rotate", "zoom")})
    for name in ("contrast", "brightness", "erase"):
        steps = _augment(steps, _keys(), **{name: OPERATIONS[name]})
    assert np.abs(together - steps).max() < 1e-3


@pytest.mark.parametrize("name", ["rotate", "zoom"])
def test_what_a_warp_brings_in_is_the_image_mirrored(name: str) -> None:
    """No black corners: a bright image stays bright."""
    assert _augment(np.clip(IMAGES, 180, 255), _keys(), **{name: 0.5}).min() >= 180 - 1e-2


def test_brightness_and_contrast_stay_within_what_pixels_can_be() -> None:
    found = _augment(IMAGES, _keys(), brightness=1.0, contrast=1.0)
    assert found.min() == 0
    assert found.max() == 255
