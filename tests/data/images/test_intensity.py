"""16-bit images with `intensity`, from every kind of source and with every number of channels."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from kerastune_ft.config.options.data import ArraysData, FolderData, TableData, TfdsData
from kerastune_ft.config.options.tasks import ImageClassification
from kerastune_ft.data.images.intensity import map_intensity
from kerastune_ft.data.open import open_source
from kerastune_ft.data.source import DataSource
from kerastune_ft.errors import DataError
from kerastune_ft.input.decode import Geometry, decode_image
from kerastune_ft.rules import FIRST
from tests.support.image_files import encode_image, write

COUNT, HEIGHT, WIDTH = 20, 6, 8
CHANNELS = {1: "grey", 2: "grey and alpha", 3: "RGB", 4: "RGB and alpha"}
LOW, HIGH = 1000.0, 3000.0
Options = Callable[[Path, np.ndarray], Any]


def _deep(channels: int) -> np.ndarray:
    """Values from 0 to 4094, so below, within and above the range; alpha over all its 16 bits."""
    random = np.random.default_rng(channels)
    values = random.integers(0, 4095, (COUNT, HEIGHT, WIDTH, channels)).astype(np.uint16)
    values[:, 0, 0, :], values[:, 0, 1, :] = 0, 4094
    if channels in (2, 4):
        values[..., -1] = random.integers(0, 65536, values.shape[:-1])
    return values


def _expect(values: np.ndarray) -> np.ndarray:
    """What the model is to see: the range mapped and cut off, then laid over white."""
    channels = values.shape[-1]
    scaled = np.round(np.clip((values - LOW) / (HIGH - LOW), 0, 1) * 255)
    colour = scaled[..., :3] if channels >= 3 else np.repeat(scaled[..., :1], 3, axis=-1)
    if channels in (2, 4):
        alpha = np.round(values[..., -1:] / 257.0) / 255
        colour = np.round(colour * alpha + 255 * (1 - alpha))
    return colour


def _png(values: np.ndarray) -> bytes:
    return tf.io.encode_png(values).numpy()


def _folder(place: Path, values: np.ndarray) -> FolderData:
    for index, image in enumerate(values):
        write(place / "photos" / "ab"[index % 2] / f"{index:02}.png", _png(image))
    return FolderData(path=str(place / "photos"))


def _table(place: Path, values: np.ndarray) -> TableData:
    with open(place / "cases.csv", "w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["image", "finding"])
        for index, image in enumerate(values):
            write(place / "images" / f"{index:02}.png", _png(image))
            rows.writerow([f"images/{index:02}.png", "ab"[index % 2]])
    return TableData(path=str(place / "cases.csv"), input="image", label="finding")


def _arrays(place: Path, values: np.ndarray) -> ArraysData:
    np.savez(place / "set.npz", x=values, y=np.array(list("ab"))[np.arange(COUNT) % 2])
    return ArraysData(path=str(place / "set.npz"))


def _tfds(place: Path, values: np.ndarray) -> TfdsData:
    import tensorflow_datasets as tfds

    class DeepShapes(tfds.core.GeneratorBasedBuilder, skip_registration=True):
        VERSION = tfds.core.Version("1.0.0")

        def _info(self) -> tfds.core.DatasetInfo:
            picture = tfds.features.Image(shape=values.shape[1:], dtype=values.dtype, encoding_format="png")
            features = tfds.features.FeaturesDict({"image": picture, "label": tfds.features.ClassLabel(names="ab")})
            return tfds.core.DatasetInfo(
                builder=self, features=features, supervised_keys=("image", "label"), disable_shuffling=True
            )

        def _split_generators(self, dl_manager: Any) -> dict[str, Any]:
            return {"train": self._generate_examples()}

        def _generate_examples(self) -> Iterator[tuple[int, dict[str, Any]]]:
            for index, image in enumerate(values):
                yield index, {"image": image, "label": index % 2}

    DeepShapes(data_dir=str(place / "tfds")).download_and_prepare()
    return TfdsData(name="deep_shapes", data_dir=str(place / "tfds"))


SOURCES: dict[str, Options] = {"folder": _folder, "table": _table, "arrays": _arrays, "tfds": _tfds}


def _open(options: Any, place: Path, **changes: Any) -> DataSource:
    return open_source(options.model_copy(update=changes), ImageClassification(), place / "cache", lambda line: None)


def _number(source: DataSource, index: int) -> int:
    """The place of an example in `_deep`, which keys tell."""
    key = source.keys[index]
    return int(key.split("[")[1][:-1]) if "[" in key else int(Path(key).stem)


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
@pytest.mark.parametrize("channels", CHANNELS, ids=list(CHANNELS.values()))
@pytest.mark.parametrize("kind", SOURCES)
def test_a_range_is_mapped_and_cut_off(tmp_path: Path, kind: str, channels: int) -> None:
    values = _deep(channels)
    options = SOURCES[kind](tmp_path, values)
    for choice in ("error", "skip"):
        with pytest.raises(DataError, match=r"from 0 to \d+") as caught:
            _open(options, tmp_path, on_bad_file=choice)
        assert '"intensity": [0, 4094]' in str(caught.value)
    source = _open(options, tmp_path, intensity=(LOW, HIGH))
    assert source.image_sizes is not None
    assert source.image_sizes.tolist() == [[HEIGHT, WIDTH]] * COUNT
    for index in (0, 7, COUNT - 1):
        found = decode_image(source.element(tf.constant(index, tf.int64))["image"], Geometry(HEIGHT, WIDTH))
        assert np.abs(found.numpy() - _expect(values[_number(source, index)])).max() <= 1


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
@pytest.mark.parametrize("kind", SOURCES)
def test_a_set_that_is_nearly_black_asks_for_its_range(tmp_path: Path, kind: str) -> None:
    values = (np.arange(COUNT * HEIGHT * WIDTH * 3) % 17).astype(np.uint8).reshape(COUNT, HEIGHT, WIDTH, 3)
    options = SOURCES[kind](tmp_path, values)
    with pytest.raises(
        DataError, match=r"8-bit values from 0 to 16; images are 0 to 255, so these would be nearly bla"
    ) as caught:
        _open(options, tmp_path)
    assert 'write  "intensity": [0, 16]  in data, or  "intensity": [0, 255]  if they are that dark' in str(caught.value)
    source = _open(options, tmp_path, intensity=(0.0, 16.0))
    pixels = decode_image(source.element(tf.constant(0, tf.int64))["image"], Geometry(HEIGHT, WIDTH)).numpy()
    assert np.array_equal(pixels, np.round(values[_number(source, 0)] / 16 * 255))
    assert _open(options, tmp_path, intensity=(0.0, 255.0)).info.examples == COUNT
    # A run of the first rules goes on as it began.
    old = open_source(options, ImageClassification(), tmp_path / "cache", lambda line: None, rules=FIRST)
    assert old.info.examples == COUNT


def test_8_bit_images_are_mapped_too(tmp_path: Path) -> None:
    values = np.arange(96, dtype=np.uint8).reshape(6, 16)
    for index in range(10):
        write(tmp_path / "photos" / "ab"[index % 2] / f"{index}.png", encode_image(np.roll(values, index)))
    source = _open(FolderData(path=str(tmp_path / "photos")), tmp_path, intensity=(10.0, 60.0))
    found = decode_image(source.element(tf.constant(0, tf.int64))["image"], Geometry(6, 16)).numpy()[..., 0]
    assert np.abs(found - np.clip((values - 10.0) / 50, 0, 1) * 255).max() <= 0.5001


def test_transparency_is_no_value() -> None:
    grey = np.array([[[100, 0], [100, 65535]]], np.uint16)
    assert map_intensity(grey, (0, 300)).tolist() == [[[85, 0], [85, 255]]]
    assert map_intensity(np.array([[[100, 7]]], np.uint8), (0, 300)).tolist() == [[[85, 7]]]
    assert map_intensity(np.array([[[0.6, 0.4]]]), (0, 1)).tolist() == [[[153, 102]]]


@pytest.mark.parametrize(
    ("image", "reason"),
    [
        (Image.fromarray(np.array([[0.0, np.nan]], np.float32)), "has NaN or infinite values"),
        (None, "is TIFF with colours of more than 8 bits, which is not read; write it as 16-bit PNG"),
    ],
    ids=["nan", "deep colours"],
)
@pytest.mark.parametrize("intensity", ["auto", (0.0, 9.0)], ids=["auto", "range"])
def test_deep_tiff_files_that_cannot_be_read_are_named(
    tmp_path: Path, image: Image.Image | None, reason: str, intensity: Any
) -> None:
    for index in range(10):
        write(tmp_path / "photos" / "ab"[index % 2] / f"{index}.png", encode_image(np.full((4, 4), index, np.uint8)))
    content = _deep_colour_tiff() if image is None else encode_image(image, "TIFF")
    write(tmp_path / "photos" / "a" / "bad.tif", content)
    with pytest.raises(DataError, match=f"a/bad.tif  {reason}"):
        _open(FolderData(path=str(tmp_path / "photos")), tmp_path, intensity=intensity)


def _deep_colour_tiff() -> bytes:
    """One pixel of three 16-bit colours: header, pixel, directory."""
    pixel = np.array([300, 2000, 4000], "<u2").tobytes()
    bits = np.array([16, 16, 16], "<u2").tobytes()
    entries = [
        (256, 3, 1, 1), (257, 3, 1, 1), (258, 3, 3, 14), (259, 3, 1, 1), (262, 3, 1, 2),
        (273, 4, 1, 8), (277, 3, 1, 3), (278, 3, 1, 1), (279, 4, 1, 6),
    ]  # fmt: skip
    rows = b"".join(
        np.array([tag, kind], "<u2").tobytes() + np.array([count, value], "<u4").tobytes()
        for tag, kind, count, value in entries
    )
    directory = np.array([len(entries)], "<u2").tobytes() + rows + b"\0" * 4
    return b"II*\0" + np.array([20], "<u4").tobytes() + pixel + bits + directory
