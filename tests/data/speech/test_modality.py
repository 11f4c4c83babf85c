"""Sounds with transcripts: a data set that comes with the package, and a table of files."""

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from kerastune_ft.config.options.data import TableData, TfdsData
from kerastune_ft.config.options.language.tasks import SpeechRecognition
from kerastune_ft.data.embedded import spoken
from kerastune_ft.data.open import open_source
from kerastune_ft.data.source import DataSource
from kerastune_ft.errors import DataError
from kerastune_ft.training.evaluation.show_sounds import encode_wav

_PARTS = {"train": "train[:8]", "validation": "train[8:10]", "test": "train[10:]"}
_TASK = SpeechRecognition(kind="speech_recognition")


def test_embedded_set(tmp_path: Path) -> None:
    source = open_source(TfdsData(kind="tfds", name="spoken"), _TASK, tmp_path, lambda _: None)
    assert source.label_texts[5] == spoken.answer(5)
    assert len(source.splits["train"]) == 300 and source.sound_seconds is not None
    # Two examples of one sound with other words would draw and store what is theirs alone.
    assert len(set(source.contents)) == spoken.EXAMPLES


def test_table_of_sounds_and_transcripts(tmp_path: Path) -> None:
    said = ["one two", "three (four)", "", "five"]
    for number in range(4):
        values = spoken.sound(number).astype(np.float32) / 32768
        (tmp_path / f"{number}.wav").write_bytes(encode_wav(values, 8000))
    with (tmp_path / "metadata.csv").open("w", newline="") as file:
        csv.writer(file).writerows(
            [("file_name", "transcription"), *((f"{n}.wav", text) for n, text in enumerate(said))]
        )
    options = {"kind": "table", "path": str(tmp_path / "metadata.csv"), "input": "file_name", "label": "transcription"}
    with pytest.raises(DataError, match=r"(?s)1 row of 4 .* has no transcript .*2\.wav"):
        open_source(TableData.model_validate(options), _TASK, tmp_path, lambda _: None)
    skipping = TableData.model_validate({**options, "on_missing": "skip"})
    source = open_source(skipping, _TASK, tmp_path, lambda _: None)
    assert source.label_texts == ["one two", "three (four)", "five"]
    assert [file.path for file in source.info.skipped] == ["row 4: 2.wav"]


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A builder of sounds with what they say, the last of which says nothing."""
    tfds = pytest.importorskip("tensorflow_datasets")
    directory = tmp_path_factory.mktemp("tfds")

    class Talks(tfds.core.GeneratorBasedBuilder, skip_registration=True):
        VERSION = tfds.core.Version("1.0.0")

        def _info(self) -> Any:
            features = {
                "speech": tfds.features.Audio(sample_rate=spoken.SAMPLE_RATE, shape=(None,)),
                "said": tfds.features.Text(),
                "speaker": tfds.features.Text(),
            }
            return tfds.core.DatasetInfo(
                builder=self,
                features=tfds.features.FeaturesDict(features),
                supervised_keys=("speech", "said"),
                disable_shuffling=True,
            )

        def _split_generators(self, dl_manager: Any) -> dict[str, Any]:
            return {"train": self._generate_examples(range(12)), "test": self._generate_examples(range(12, 17))}

        def _generate_examples(self, indices: range) -> Iterator[tuple[int, dict[str, Any]]]:
            for index in indices:
                said = "" if index == 16 else spoken.answer(index)
                yield (
                    index,
                    {"speech": spoken.sound(index).astype(np.int64), "said": said, "speaker": str(index % 3)},
                )

    Talks(data_dir=str(directory)).download_and_prepare()
    return directory


@pytest.mark.filterwarnings("ignore")
def test_a_prepared_builder(prepared: Path, tmp_path: Path) -> None:
    def read(**options: Any) -> DataSource:
        given = {"kind": "tfds", "name": "talks", "data_dir": str(prepared), "splits": _PARTS, **options}
        return open_source(TfdsData.model_validate(given), _TASK, tmp_path, lambda _: None)

    source = read()
    assert source.label_texts == [spoken.answer(number) for number in range(12)]
    found = source.read_input(tf.constant(3, tf.int64))
    assert np.array_equal(np.round(found["samples"].numpy() * 32768), spoken.sound(3))
    assert int(found["rate"]) == spoken.SAMPLE_RATE
    assert read(input="speech", label="said").label_texts == source.label_texts
    with pytest.raises(DataError, match=r'(?s)the feature "speech" of talks.* no text to write.*said, speaker'):
        read(label="speech")
    with pytest.raises(DataError, match=r"said of test\[4\] is empty"):
        read(splits={**_PARTS, "test": "test"})
