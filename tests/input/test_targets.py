from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from kerastune_ft.config.options.augment import AUGMENT_PRESETS
from kerastune_ft.config.options.data import FolderData
from kerastune_ft.config.options.heads import Head
from kerastune_ft.config.options.tasks import ImageSegmentation
from kerastune_ft.data.open import open_source
from kerastune_ft.input import targets as targets_module
from kerastune_ft.input.augmentation import Augmentation
from kerastune_ft.input.decode import Geometry
from kerastune_ft.input.image_loader import ImageLoader
from kerastune_ft.input.mixing import Mixing, Partners, paste
from kerastune_ft.input.order import order_batches
from kerastune_ft.tasks.segmentation import Segmentation
from tests.support.mask_files import write_scenes

SIZE = (24, 32)
INDICES = np.array([3, 0, 7, 3, 5], np.int64)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_scenes(tmp_path_factory.mktemp("targets") / "data", 10, has_two=True)


@pytest.fixture
def loader(folder: Path) -> ImageLoader:
    options = ImageSegmentation(kind="image_segmentation", ignore=7)
    source = open_source(FolderData(path=str(folder)), options, folder.parent / "cache", lambda line: None)
    return ImageLoader(source, Segmentation(options, Head(), source.scheme, 0, SIZE), Geometry(*SIZE, "stretch"))


def of_batches(loader: ImageLoader, augmentation: Augmentation | None, epoch: int) -> np.ndarray:
    """Return the targets as the batches of training have them, next to decoded inputs."""
    order = order_batches(INDICES, len(INDICES))
    (batch,) = loader.batches(order, 1, augmentation, epoch)
    return np.asarray(batch[1])


MIXUP, CUTMIX = (Mixing(*alphas, Partners(np.arange(10, dtype=np.int64))) for alphas in ((0.5, 0.0), (0.0, 1.0)))


@pytest.mark.parametrize("mixing", [MIXUP, CUTMIX, Mixing(0.5, 1.0, MIXUP.partners)])
def test_mixed_masks_without_inputs_are_those_beside_them(loader: ImageLoader, mixing: Mixing) -> None:
    augmentation = Augmentation({**AUGMENT_PRESETS["strong"], "flip": "both"}, 3, 1, None, mixing)
    plain = loader.targets(INDICES, replace(augmentation, mixing=None), 1)
    partners = augmentation.draw_partners(1, INDICES, loader.source.identities)
    others = loader.targets(partners, replace(augmentation, mixing=None), 1)
    found = loader.targets(INDICES, augmentation, 1)
    (batch,) = loader.batches(order_batches(INDICES, len(INDICES)), 1, augmentation, 1)
    for one, other in zip(tf.nest.flatten(found), tf.nest.flatten(batch[1]), strict=True):
        assert np.array_equal(one, other)
    keys = augmentation.keys(1, tf.constant(INDICES), tf.constant(loader.source.identities))
    mix = loader.draw_mix(keys, mixing)
    own = found if mix.blend is None else found.own
    assert np.array_equal(own, paste(tf.constant(plain), tf.constant(others), mix))
    if mix.blend is not None:
        assert np.array_equal(found.others, others) and np.array_equal(found.share, mix.blend)


@pytest.mark.parametrize("views", [None, 2])
@pytest.mark.parametrize("preset", [None, "none", "strong"])
def test_masks_without_inputs_are_those_beside_them(loader: ImageLoader, preset: str | None, views: int | None) -> None:
    augmentation = None
    if preset:
        augmentation = Augmentation({**AUGMENT_PRESETS[preset], "flip": "both"}, 3, 1, views)
    seen = []
    for epoch in range(3):
        version = augmentation.version(epoch) if augmentation else 0
        found = loader.targets(INDICES, augmentation, version)
        assert found.dtype == np.uint8
        assert np.array_equal(found, of_batches(loader, augmentation, epoch))
        seen.append(found)
    assert np.array_equal(seen[0], seen[1]) is (augmentation is None)
    assert np.array_equal(seen[0], seen[2]) is (augmentation is None or views == 2)


def test_masks_beyond_the_memory_are_read_again(loader: ImageLoader, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = loader.targets(INDICES)
    monkeypatch.setattr(targets_module, "_KEPT_BYTES", 2 * SIZE[0] * SIZE[1])
    assert np.array_equal(loader.at(SIZE).targets(INDICES), expected)
    assert np.array_equal(loader.targets(INDICES[::-1]), expected[::-1])


def test_rows_of_decoded_inputs_have_the_same_masks(loader: ImageLoader) -> None:
    def look_up(indices: np.ndarray) -> np.ndarray:
        return np.zeros((len(indices), *SIZE, 3), np.uint8)

    order = order_batches(INDICES, len(INDICES))
    (batch,) = loader.batches(order, 1, decoded=look_up)
    assert np.array_equal(batch[1], loader.targets(INDICES))
    assert batch[1].shape == (5, *SIZE)
    assert batch[1].dtype == tf.uint8
