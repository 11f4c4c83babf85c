from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from kerastune_ft.config.options.heads import Head
from kerastune_ft.input.decode import Geometry
from kerastune_ft.input.image_loader import ImageLoader
from kerastune_ft.tasks.segmentation import Segmentation
from kerastune_ft.training.tiled import examples
from tests.support.mask_files import write_scenes
from tests.support.tiled_scenes import TASK, open_scenes, read_file

GEOMETRY = Geometry(16, 16, "stretch")


def make_session(folder: Path, write: Callable[[Path, int], object] = write_scenes) -> Any:
    """Return what is asked of a session, around a model that calls bright pixels cells."""
    whole, tiled = open_scenes(folder, 6, write)
    task = Segmentation(TASK, Head(), whole.scheme, 0, (16, 16))

    def model(images: tf.Tensor, training: bool) -> tf.Tensor:
        return tf.stack([tf.fill(images.shape[:3], 150.0), images[..., 0]], -1) / 30.0

    loader: Any = ImageLoader(tiled, task, GEOMETRY)
    return SimpleNamespace(task=task, loader=loader, source=whole, examples=tiled, model=model)


def write_thin(folder: Path, count: int) -> None:
    for name, shape in (("images", (1200, 2, 3)), ("masks", (1200, 2))):
        (folder / name).mkdir(parents=True)
        for number in range(count):
            pixels = np.full(shape, number, np.uint8)
            pixels[600:] = 255
            Image.fromarray(pixels if name == "images" else pixels // 255 * 255).save(folder / name / f"{number}.png")


def test_pictures_are_shown_whole_with_both_masks(tmp_path: Path) -> None:
    session = make_session(tmp_path)
    pictures = np.array([3, 1])
    shown = list(examples.show_pictures(session, pictures))
    for index, (image, mask, predicted, seen) in zip(pictures, shown, strict=True):
        key = session.source.keys[index]
        assert np.array_equal(image, read_file(tmp_path, key))
        cells = read_file(tmp_path, key.replace("images", "masks")) == 255
        assert np.array_equal(mask == 1, cells)
        assert predicted.shape == mask.shape
        assert (predicted == 1)[cells].mean() > 0.8 > 0.1 > (predicted == 1)[~cells].mean()
        assert seen == {"pictures": list(image.shape[:2]), "tiles": len(session.loader.source.cuts.find_tiles([index]))}


def test_large_pictures_are_made_smaller_and_few_are_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    session = make_session(tmp_path)
    monkeypatch.setattr(examples, "_LARGEST", 30)
    monkeypatch.setattr(examples, "_MOST_TILES", 1)
    ((image, mask, predicted, _),) = examples.show_pictures(session, np.array([2, 1, 0]))
    assert image.shape[:2] == mask.shape == predicted.shape
    assert max(mask.shape) <= 30


def test_of_a_thin_picture_something_is_shown(tmp_path: Path) -> None:
    session = make_session(tmp_path, write_thin)
    ((image, mask, predicted, _),) = examples.show_pictures(session, np.array([0]))
    assert image.shape[:2] == mask.shape == predicted.shape == (400, 1)


def test_a_saved_model_is_compared_on_tiles(tmp_path: Path) -> None:
    session = make_session(tmp_path)
    indices, measured = examples.measure_few_tiles(session, "test", 3)
    assert indices == session.examples.splits["test"][:3].tolist()
    assert measured["confusion"].sum(axis=(1, 2)).tolist() == [
        int((session.loader.targets(np.array([index])) != 255).sum()) for index in indices
    ]
