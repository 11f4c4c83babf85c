from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from kerastune_ft.config.options.data import Named, TfdsData
from kerastune_ft.config.options.tasks import TextClassification, TextRegression
from kerastune_ft.data.embedded import embedded_texts
from kerastune_ft.data.open import open_source
from kerastune_ft.data.source import DataSource
from kerastune_ft.errors import ConfigError, DataError

Open = Callable[..., DataSource]
GLUE = {"input": ("one", "two"), "label": "kind"}


@pytest.fixture
def open_texts(tmp_path: Path) -> Open:
    def opened(name: str, task: Any = None, **options: Any) -> DataSource:
        task = task or TextClassification(kind="text_classification")
        return open_source(TfdsData(name=name, **options), task, tmp_path / "cache", lambda line: None)

    return opened


def texts_of(source: DataSource, indices: Sequence[int]) -> list[tuple[str, ...]]:
    found = (source.element(tf.constant(index, tf.int64))["texts"].numpy() for index in indices)
    return [tuple(text.decode() for text in texts) for texts in found]


def test_embedded_reviews(open_texts: Open) -> None:
    source, module = open_texts("reviews"), embedded_texts("reviews")
    assert source.info.classes == module.CLASSES
    assert len(source.splits["test"]) == 300
    for index in (0, 899, 1199):
        assert texts_of(source, [index]) == [module.text(index)]
        assert source.labels[index] == module.label(index)
    assert "is synthetic" in source.info.notes[0]
    with pytest.raises(ConfigError, match=r"data.input: has no effect"):
        open_texts("reviews", input="text")
    with pytest.raises(ConfigError, match=r"data\.on_missing: it has no effect on reviews"):
        open_texts("reviews", on_missing="skip")
    with pytest.raises(DataError, match='reviews has no split "dev"'):
        open_texts("reviews", splits=Named(train="train", validation="dev", test="test"))


def test_embedded_pairs(open_texts: Open) -> None:
    source, module = (
        open_texts("sentence_pairs", TextRegression(kind="text_regression")),
        embedded_texts("sentence_pairs"),
    )
    assert texts_of(source, [5]) == [module.text(5)]
    assert source.labels[5].tolist() == [module.label(5)]


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    tfds = pytest.importorskip("tensorflow_datasets")
    directory = tmp_path_factory.mktemp("tfds")

    class Sentences(tfds.core.GeneratorBasedBuilder, skip_registration=True):
        VERSION = tfds.core.Version("1.0.0")

        def _info(self) -> tfds.core.DatasetInfo:
            features = {
                "one": tfds.features.Text(),
                "two": tfds.features.Text(),
                "kind": tfds.features.ClassLabel(names=["far", "near"]),
                "score": tfds.features.Scalar(np.float32),
                "writer": tfds.features.Scalar(np.int64),
            }
            return tfds.core.DatasetInfo(
                builder=self, features=tfds.features.FeaturesDict(features), disable_shuffling=True
            )

        def _split_generators(self, dl_manager: Any) -> dict[str, Any]:
            return {"train": self._generate_examples(range(40)), "hidden": self._generate_examples(range(40, 60))}

        def _generate_examples(self, indices: range) -> Iterator[tuple[int, dict[str, Any]]]:
            for index in indices:
                one = "" if index == 7 else f"Sätze {index}"
                example = {"one": one, "two": f"b {index}", "kind": index % 2, "score": index / 4, "writer": index // 4}
                yield index, example

    Sentences(data_dir=str(directory)).download_and_prepare()
    return directory


@pytest.mark.filterwarnings("ignore")
class TestPrepared:
    def test_pairs_in_parts_of_a_split(self, open_texts: Open, prepared: Path) -> None:
        splits = Named(train="train[:60%]", validation="train[60%:80%]", test="train[80%:]")
        given = {"data_dir": str(prepared), "splits": splits, "on_missing": "skip", **GLUE}
        source = open_texts("sentences", **given)
        assert source.info.classes == ("far", "near")
        assert {split: len(indices) for split, indices in source.splits.items()} == {
            "train": 23, "validation": 8, "test": 8,
        }  # fmt: skip
        assert len(source.info.skipped) == 1
        keys = [source.keys[index] for index in source.splits["test"]]
        assert keys == [f"train[{number}]" for number in range(32, 40)]
        wanted = [(f"Sätze {number}", f"b {number}") for number in range(32, 40)]
        assert texts_of(source, source.splits["test"]) == wanted
        assert [int(source.labels[index]) for index in source.splits["test"]] == [0, 1] * 4
        assert open_texts("sentences", **given).info == source.info

    def test_numbers_and_groups(self, open_texts: Open, prepared: Path) -> None:
        task = TextRegression(kind="text_regression")
        source = open_texts("sentences", task, data_dir=str(prepared), input="two", label="score", group="writer")
        assert texts_of(source, [4]) == [("b 4",)]
        assert source.labels[4].tolist() == [1.0]
        split_of = {index: split for split, indices in source.splits.items() for index in indices}
        assert all(len({split_of[index] for index in range(at, at + 4)}) == 1 for at in range(0, 40, 4))

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({}, "does not say which feature is the input"),
            ({"input": "three", "label": "kind"}, 'has no feature "three"'),
            ({"input": "kind", "label": "kind"}, 'the feature "kind" of .* not text'),
            (GLUE, r'1 example of 40 in sentences has an empty text(.|\n)*"on_missing": "skip"'),
        ],
    )
    def test_what_cannot_be_read(self, open_texts: Open, prepared: Path, options: dict[str, Any], message: str) -> None:
        with pytest.raises(DataError, match=message):
            open_texts("sentences", data_dir=str(prepared), **options)
