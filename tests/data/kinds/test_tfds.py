from __future__ import annotations

import hashlib
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from kerastune_ft.config.options.data import Named
from kerastune_ft.data.embedded import embedded_set
from kerastune_ft.errors import ConfigError, DataError
from kerastune_ft.input.decode import Geometry, decode_image
from tests.support.image_files import Open


def test_embedded_set_is_generated_once(open_tfds: Open, said: list[str]) -> None:
    source = open_tfds("digits")
    module = embedded_set("digits")
    assert source.info.examples == module.EXAMPLES
    assert source.info.classes == module.CLASSES
    for index in (0, 1000, module.EXAMPLES - 1):
        assert np.array_equal(source.element(tf.constant(index, tf.int64))["image"], module.image(index))
        assert source.labels[index] == module.label(index)
    assert open_tfds("digits").info == source.info
    assert len(said) == 1


def test_embedded_set_takes_only_its_own_keys(open_tfds: Open, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"data.data_dir: has no effect"):
        open_tfds("digits", data_dir=str(tmp_path))
    with pytest.raises(DataError, match='digits has no split "train"'):
        open_tfds("digits", splits=Named(train="train", test="test"))


@pytest.mark.slow
def test_synthetic_set_says_so_and_keeps_its_splits(open_tfds: Open) -> None:
    info = open_tfds("blood_smear").info
    assert "is synthetic" in info.notes[0]
    assert (
        info.counts
        == open_tfds("blood_smear", splits=Named(train="train", validation="validation", test="test")).info.counts
    )


@pytest.mark.filterwarnings("ignore")
def test_absent_builders_fail_without_a_network(
    open_tfds: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*args: object, **kwargs: object) -> None:
        pytest.fail("something was looked for in the network")

    monkeypatch.setattr(socket, "create_connection", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    with pytest.raises(DataError, match=r'no TensorFlow Datasets builder "mnistt"; did you mean mnist'):
        open_tfds("mnistt")
    with pytest.raises(DataError, match=r"mnist is not prepared in .*\n.*\n.*t.builder\('mnist', data_dir=") as caught:
        open_tfds("mnist", data_dir=str(tmp_path))
    assert "downloads nothing" in str(caught.value)


@pytest.fixture(scope="module")
def prepared_directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small prepared builder with two splits of its own."""
    import tensorflow_datasets as tfds

    rng = np.random.default_rng(0)
    directory = tmp_path_factory.mktemp("tfds")

    class Figures(tfds.core.GeneratorBasedBuilder, skip_registration=True):
        VERSION = tfds.core.Version("1.0.0")

        def _info(self) -> tfds.core.DatasetInfo:
            features = tfds.features.FeaturesDict(
                {
                    "picture": tfds.features.Image(shape=(8, 8, 3), encoding_format="png"),
                    "kind": tfds.features.ClassLabel(names=["round", "square"]),
                    "grade": tfds.features.Scalar(np.int64),
                    "volume": tfds.features.Tensor(shape=(4,), dtype=np.float32),
                }
            )
            return tfds.core.DatasetInfo(
                builder=self, features=features, supervised_keys=("picture", "kind"), disable_shuffling=True
            )

        def _split_generators(self, dl_manager: Any) -> dict[str, Any]:
            return {"train": self._generate_examples(range(40)), "test": self._generate_examples(range(40, 60))}

        def _generate_examples(self, indices: range) -> Iterator[tuple[int, dict[str, Any]]]:
            for index in indices:
                picture = rng.integers(0, 256, (8, 8, 3), np.uint8)
                yield index, {"picture": picture, "kind": index % 2, "grade": index % 3, "volume": [0.0] * 4}

    Figures(data_dir=str(directory)).download_and_prepare()
    return directory


@pytest.mark.filterwarnings("ignore")
class TestPrepared:
    def test_is_read_once_and_by_index(self, open_tfds: Open, said: list[str], prepared_directory: Path) -> None:
        source = open_tfds("figures", data_dir=str(prepared_directory))
        assert source.info.classes == ("round", "square")
        assert {split: len(indices) for split, indices in source.splits.items()} == {
            "train": 34,
            "validation": 6,
            "test": 20,
        }
        expected = np.random.default_rng(0).integers(0, 256, (60, 8, 8, 3), np.uint8)
        for index in (0, 39, 59):
            content = source.element(tf.constant(index, tf.int64))["image"]
            assert np.array_equal(decode_image(content, Geometry(8, 8)), expected[index])
            assert source.labels[index] == index % 2
        assert source.keys[40] == "test[0]"
        assert open_tfds("figures", data_dir=str(prepared_directory)).info == source.info
        assert len(said) == 1

    def test_an_example_is_known_by_what_was_written(self, open_tfds: Open, prepared_directory: Path) -> None:
        source = open_tfds("figures", data_dir=str(prepared_directory))
        assert source.encoded
        assert source.find_changed(range(60)) == []
        for index in (0, 59):
            content = source.element(tf.constant(index, tf.int64))["image"].numpy()
            assert source.contents[index] == hashlib.sha256(content).hexdigest()
        moved = shutil.copytree(prepared_directory, prepared_directory.parent / "moved")
        divided = open_tfds("figures", data_dir=str(moved), splits=Named(train="test", test="train"), label="grade")
        assert sorted(divided.contents) == sorted(source.contents)
        deep = open_tfds("figures", data_dir=str(prepared_directory), intensity=(0.0, 100.0))
        assert len({*source.contents, *deep.contents}) == 120

    def test_split_strings(self, open_tfds: Open, prepared_directory: Path) -> None:
        names = Named(train="train[:50%]+test[10:]", validation="train[50%:]", test="test[:10]")
        source = open_tfds("figures", data_dir=str(prepared_directory), splits=names)
        assert [len(indices) for indices in source.splits.values()] == [30, 20, 10]
        assert source.splits["test"].tolist() == list(range(40, 50))
        with pytest.raises(DataError, match="share 5 examples"):
            open_tfds("figures", data_dir=str(prepared_directory), splits=Named(train="train", test="train[35:]"))
        with pytest.raises(DataError, match=r'no split "dev"; it has train, test'):
            open_tfds("figures", data_dir=str(prepared_directory), splits=Named(train="train", test="dev"))

    def test_features_can_be_named(self, open_tfds: Open, prepared_directory: Path) -> None:
        source = open_tfds("figures", data_dir=str(prepared_directory), label="grade")
        assert source.info.classes == ("0", "1", "2")
        for keys, words in (
            ({"label": "grad"}, r'no feature "grad"; did you mean "grade"'),
            ({"input": "volume"}, "not an image of 8 or 16 bits.\nImage features are picture"),
        ):
            with pytest.raises(DataError, match=words):
                open_tfds("figures", data_dir=str(prepared_directory), **keys)
        with pytest.raises(ConfigError, match="figures gives several labels per example"):
            open_tfds("figures", data_dir=str(prepared_directory), label="volume")


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    ("names", "line"),
    [
        (("training", "testing"), '"splits": {"train": "training", "test": "testing"}'),
        (("test", "validation"), None),
        (("part_1", "part_2"), None),
    ],
)
def test_splits_that_are_called_otherwise_are_asked_about(
    open_tfds: Open, tmp_path: Path, names: tuple[str, str], line: str | None
) -> None:
    import tensorflow_datasets as tfds

    class Named2(tfds.core.GeneratorBasedBuilder, skip_registration=True):
        VERSION = tfds.core.Version("1.0.0")

        def _info(self) -> tfds.core.DatasetInfo:
            features = tfds.features.FeaturesDict(
                {"x": tfds.features.Image(shape=(4, 4, 3)), "y": tfds.features.ClassLabel(names=["a", "b"])}
            )
            return tfds.core.DatasetInfo(builder=self, features=features, supervised_keys=("x", "y"))

        def _split_generators(self, dl_manager: Any) -> dict[str, Any]:
            return {name: self._generate_examples(number) for number, name in enumerate(names)}

        def _generate_examples(self, part: int) -> Any:
            for index in range(12):
                yield index, {"x": np.full((4, 4, 3), 20 * part + index, np.uint8), "y": index % 2}

    Named2(data_dir=str(tmp_path / "sets")).download_and_prepare()
    if line is None:
        source = open_tfds("named2", data_dir=str(tmp_path / "sets"))
        assert sum(source.info.sizes.values()) == 24
        assert any("are pooled and divided anew" in note for note in source.info.notes)
        return
    with pytest.raises(DataError) as caught:
        open_tfds("named2", data_dir=str(tmp_path / "sets"))
    assert line in str(caught.value)
    chosen = open_tfds("named2", data_dir=str(tmp_path / "sets"), splits=Named(train="training", test="testing"))
    assert chosen.info.sizes["test"] == 12
