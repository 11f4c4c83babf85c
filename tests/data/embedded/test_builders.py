from __future__ import annotations

import socket
from pathlib import Path

import numpy as np
import pytest

tfds = pytest.importorskip("tensorflow_datasets")

from kerastune_ft.data.embedded import builders, digits, embedded_set, shapes  # noqa: E402


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("an embedded builder opened a connection")

    monkeypatch.setattr(socket.socket, "connect", refuse)


@pytest.mark.parametrize("name", ["blood_smear", "digits"])
def test_info_is_known_before_anything_is_written(name: str, tmp_path: Path) -> None:
    source, info = embedded_set(name), builders.builder(name, str(tmp_path)).info
    assert info.name == name
    assert str(info.version) == source.VERSION
    assert info.features["label"].names == list(source.CLASSES)
    assert info.features["image"].shape == (source.IMAGE_SIZE, source.IMAGE_SIZE, 3)
    assert info.supervised_keys == ("image", "label")
    assert info.description == source.DESCRIPTION
    assert info.citation == source.PROVENANCE


@pytest.mark.usefixtures("no_network")
def test_prepares_and_reads_back_without_a_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(digits, "EXAMPLES", 40)
    builder = builders.builder("digits", str(tmp_path))
    builder.download_and_prepare()
    assert builder.info.splits["train"].num_examples == 40
    read = list(tfds.as_numpy(tfds.load("digits", data_dir=str(tmp_path), split="train")))
    assert sorted(int(example["label"]) for example in read) == sorted(digits.label(index) for index in range(40))
    expected = {digits.image(index).tobytes() for index in range(40)}
    assert {np.asarray(example["image"]).tobytes() for example in read} == expected


def test_splits_of_the_builder_are_those_of_the_set(tmp_path: Path) -> None:
    builder = builders.builder("blood_smear", str(tmp_path))
    written = builder._split_generators(tfds.download.DownloadManager(download_dir=str(tmp_path)))
    assert set(written) == {"train", "validation", "test"}
    index, example = next(iter(written["test"]))
    assert index == 1280
    assert example["label"] == embedded_set("blood_smear").label(1280)


@pytest.mark.usefixtures("no_network")
def test_boxes_and_masks_read_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shapes, "SPLITS", {"train": range(12)})
    builders.builder("shapes", str(tmp_path)).download_and_prepare()
    read = list(tfds.as_numpy(tfds.load("shapes", data_dir=str(tmp_path), split="train")))
    found = {example["image"].tobytes(): example for example in read}
    for index in range(12):
        example, boxes = found[shapes.image(index).tobytes()], shapes.boxes(index)
        assert np.array_equal(example["mask"][..., 0], shapes.mask(index))
        assert np.allclose(example["objects"]["bbox"] * shapes.IMAGE_SIZE, boxes[:, [1, 0, 3, 2]], atol=1e-4)
        assert np.array_equal(example["objects"]["label"], boxes[:, 4])


def test_several_inputs_are_features_of_their_own(tmp_path: Path) -> None:
    robot, listings = (builders.builder(name, str(tmp_path)) for name in ("robot", "listings"))
    assert set(robot.info.features) == {"image", "speed", "turn", "action"}
    assert robot.info.supervised_keys == ("image", "action")
    assert set(listings.info.features) == {"image", "area", "rooms", "district", "text", "label"}
    for builder in (robot, listings):
        splits = builder._split_generators(tfds.download.DownloadManager(download_dir=str(tmp_path)))
        _, example = next(iter(splits["test"]))
        assert set(example) == set(builder.info.features)
        builder.info.features.encode_example(example)
