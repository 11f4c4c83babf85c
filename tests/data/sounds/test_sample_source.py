from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from kerastune_ft.config.options.data import FolderData, Named, TableData, TfdsData
from kerastune_ft.config.options.tasks import AudioClassification
from kerastune_ft.data.embedded import SOUNDS, embedded_sounds
from kerastune_ft.data.open import open_source
from kerastune_ft.data.sounds.sample_source import SoundSource
from kerastune_ft.data.source import DataSource
from kerastune_ft.errors import ConfigError, DataError
from tests.support.sound_files import RATE, tone, write_folder

Open = Callable[[Any], DataSource]


@pytest.fixture
def opened(tmp_path: Path) -> Open:
    def open_it(options: Any, **task: Any) -> DataSource:
        return open_source(options, AudioClassification(**task), tmp_path / "cache", lambda line: None)

    return open_it


def sound(source: DataSource, index: int) -> tuple[np.ndarray, int]:
    element = source.element(tf.constant(index, tf.int64))
    return element["samples"].numpy(), int(element["rate"])


def test_a_folder_of_wav_by_class(tmp_path: Path, opened: Open) -> None:
    source = opened(FolderData(path=str(write_folder(tmp_path / "data"))))
    assert source.info.classes == ("high", "low")
    assert source.info.examples == 24
    values, rate = sound(source, 2)
    assert (source.keys[2], rate) == ("high/02.wav", 11025)
    assert source.sound_seconds is not None
    assert len(values) / rate == pytest.approx(source.sound_seconds[2]) == pytest.approx(0.17, abs=1e-3)
    assert source.find_changed([2]) == []
    (tmp_path / "data" / "high" / "02.wav").write_bytes(b"RIFF")
    assert source.find_changed([2]) == ["high/02.wav"]
    assert source.find_lost() == [("high/02.wav", "changed and cannot be read any more")]


def test_identical_sounds_in_two_classes_are_told(tmp_path: Path, opened: Open) -> None:
    root = write_folder(tmp_path / "data")
    (root / "low" / "00.wav").write_bytes((root / "high" / "00.wav").read_bytes())
    notes = opened(FolderData(path=str(root))).info.notes
    assert any("identical files: 1 sound is in more than one class" in note for note in notes)


def test_a_table_names_files_and_several_labels(tmp_path: Path, opened: Open) -> None:
    root = write_folder(tmp_path / "data")
    rows = [
        f"{name}/{number:02d},{name}{'|odd' if number % 2 else ''}" for name in ("high", "low") for number in range(12)
    ]
    (root / "all.csv").write_text("\n".join(["file,labels", *rows]))
    label = {"column": "labels", "separator": "|"}
    options = TableData(path=str(root / "all.csv"), input="{file}.wav", label=label)
    source = opened(options, multi_label=True)
    assert source.info.classes == ("high", "low", "odd")
    assert source.labels.sum(axis=0).tolist() == [12, 12, 12]
    assert sound(source, 13)[1] == RATE
    (root / "all.csv").write_text("\n".join(["file,labels", *rows, "low/99,low"]))
    with pytest.raises(DataError, match=r"1 of 25 sound files .*\n  row 26: low/99.wav  is not there"):
        opened(options, multi_label=True)


@pytest.mark.parametrize("name", SOUNDS)
def test_an_embedded_set(opened: Open, name: str) -> None:
    source, module = opened(TfdsData(name=name)), embedded_sounds(name)
    assert source.info.classes == module.CLASSES
    assert sorted(index for span in module.SPLITS.values() for index in span) == list(range(module.EXAMPLES))
    values, rate = sound(source, 7)
    assert rate == module.SAMPLE_RATE
    np.testing.assert_allclose(values, module.sound(7) / 32768, atol=1e-6)
    counts = np.bincount([module.label(index) for index in range(module.EXAMPLES)])
    assert counts.min() > 0.9 * counts.max()
    assert "is synthetic" in source.info.notes[0]
    with pytest.raises(ConfigError, match=r"data.input: has no effect"):
        opened(TfdsData(name=name, input="audio"))
    with pytest.raises(IndexError):
        module.sound(module.EXAMPLES)


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A builder as TFDS prepares it, with sounds of several lengths."""
    tfds = pytest.importorskip("tensorflow_datasets")
    directory = tmp_path_factory.mktemp("tfds")

    class Calls(tfds.core.GeneratorBasedBuilder, skip_registration=True):
        VERSION = tfds.core.Version("1.0.0")

        def _info(self) -> Any:
            features = {
                "audio": tfds.features.Audio(sample_rate=RATE),
                "label": tfds.features.ClassLabel(names=["high", "low"]),
                "speaker": tfds.features.Scalar(np.int64),
                "text": tfds.features.Text(),
            }
            return tfds.core.DatasetInfo(
                builder=self,
                features=tfds.features.FeaturesDict(features),
                supervised_keys=("audio", "label"),
                disable_shuffling=True,
            )

        def _split_generators(self, dl_manager: Any) -> dict[str, Any]:
            return {"train": self._generate_examples(range(30)), "test": self._generate_examples(range(30, 40))}

        def _generate_examples(self, indices: range) -> Any:
            for index in indices:
                audio = (tone(500, 0.05 + index / 1000, seed=index) * 32767).astype(np.int64)
                yield index, {"audio": audio, "label": index % 2, "speaker": index // 4, "text": "a"}

    Calls(data_dir=directory).download_and_prepare()
    return directory


def test_a_prepared_builder(opened: Open, prepared: Path) -> None:
    source = opened(TfdsData(name="calls", data_dir=str(prepared), group="speaker"))
    assert isinstance(source, SoundSource)
    assert {split: len(indices) for split, indices in source.splits.items()}["test"] == 10
    values, rate = sound(source, 33)
    assert (source.keys[33], rate) == ("test[3]", RATE)
    np.testing.assert_allclose(values, tone(500, 0.083, seed=33), atol=1e-4)
    assert source.groups is not None
    assert source.groups[33] == "8"
    named = opened(
        TfdsData(
            name="calls",
            data_dir=str(prepared),
            splits=Named(train="train[:50%]", validation="train[50%:]", test="test"),
        )
    )
    assert [len(named.splits[split]) for split in ("train", "validation", "test")] == [15, 15, 10]
    with pytest.raises(DataError, match=r'the feature "text" .* not audio.\nAudio features are audio.'):
        opened(TfdsData(name="calls", data_dir=str(prepared), input="text"))
