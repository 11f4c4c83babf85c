"""Packed sounds, and stereo whose channels cancel: in folders, tables, predictions and `init`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from click.testing import CliRunner

from kerastune_ft.cli.commands import main
from kerastune_ft.config.options.data import ArraysData, FolderData, TableData
from kerastune_ft.config.options.tasks import AudioClassification
from kerastune_ft.data.files.find import SOUNDS
from kerastune_ft.data.open import open_source
from kerastune_ft.data.source import DataSource
from kerastune_ft.errors import DataError
from kerastune_ft.inference.inputs import list_inputs
from kerastune_ft.inference.read_options import ReadOptions
from kerastune_ft.inference.sounds import SoundReader
from kerastune_ft.input.sounds.resample import Clip
from kerastune_ft.rules import FIRST, NEWEST, Rules
from tests.support.sound_files import tone, wav

soundfile = pytest.importorskip("soundfile")
ENDINGS = (("flac", "FLAC", None), ("ogg", "OGG", "VORBIS"), ("opus", "OGG", "OPUS"), ("mp3", "MP3", None))


def write_sounds(root: Path) -> Path:
    """Two classes of files of every form, and one of each class whose channels cancel."""
    for name, frequency in (("high", 2000.0), ("low", 500.0)):
        (root / name).mkdir(parents=True)
        for ending, form, subtype in ENDINGS:
            for number in range(2):
                values = tone(frequency, 0.3, 16000, number)
                soundfile.write(root / name / f"{number}.{ending}", values, 16000, format=form, subtype=subtype)
        sound = tone(frequency, 0.3, 16000)
        (root / name / "turned.wav").write_bytes(wav(np.stack([sound, -sound], axis=1), 16000, 32, is_float=True))
    return root


def open_sounds(options: Any, cache: Path, rules: Rules = NEWEST) -> DataSource:
    return open_source(options, AudioClassification(), cache, lambda line: None, rules=rules)


def samples(source: DataSource, index: int) -> np.ndarray:
    return source.element(tf.constant(index, tf.int64))["samples"].numpy()


def test_a_folder_and_a_table_give_the_samples_of_soundfile(tmp_path: Path) -> None:
    root = write_sounds(tmp_path / "data")
    source = open_sounds(FolderData(path=str(root)), tmp_path)
    assert source.info.examples == 18
    for index, key in enumerate(source.keys):
        if not key.endswith(".wav"):
            expected, _ = soundfile.read(root / key, dtype="float32")
            np.testing.assert_array_equal(samples(source, index), expected)
    rows = "".join(f"{key},{key.split('/')[0]}\n" for key in source.keys)
    (root / "all.csv").write_text(f"file,label\n{rows}")
    table = open_sounds(TableData(path=str(root / "all.csv"), input="file", label="label"), tmp_path)
    assert [samples(table, index).tobytes() for index in range(18)] == [
        samples(source, index).tobytes() for index in range(18)
    ]


def test_channels_that_cancel_are_the_loudest_and_told(tmp_path: Path) -> None:
    root = write_sounds(tmp_path / "data")
    source, before = (open_sounds(FolderData(path=str(root)), tmp_path, rules) for rules in (NEWEST, FIRST))
    turned = [index for index, key in enumerate(source.keys) if key.endswith(".wav")]
    np.testing.assert_array_equal(samples(source, turned[1]), tone(500, 0.3, 16000).astype(np.float32))
    assert not samples(before, turned[1]).any()
    (told,) = [note for note in source.info.notes if "cancel" in note]
    assert told.startswith("the channels of 2 sounds cancel each other")
    assert told.endswith("the loudest channel is taken, as of high/turned.wav")
    assert not any("silent" in note for note in source.info.notes)
    same = [source.contents[index] == before.contents[index] for index in range(18)]
    assert [index for index in range(18) if not same[index]] == turned


def test_arrays_of_channels_that_cancel(tmp_path: Path) -> None:
    sound = np.stack([tone(440 + row, 0.1) for row in range(20)]).astype(np.float32)
    pairs = np.stack([sound, -sound], axis=2)
    pairs[3:, :, 1] = 0
    np.savez(tmp_path / "a.npz", x=pairs, y=np.arange(20) % 2, sample_rate=8000)
    source = open_sounds(ArraysData(path=str(tmp_path / "a.npz")), tmp_path)
    np.testing.assert_array_equal(samples(source, 2), sound[2])
    np.testing.assert_allclose(samples(source, 3), sound[3] / 2, atol=1e-7)
    assert any("the channels of 3 sounds cancel" in note and "x[0]" in note for note in source.info.notes)


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    root = write_sounds(tmp_path / "data")
    for ending in ("flac", "ogg", "mp3"):
        file = root / "low" / f"0.{ending}"
        file.write_bytes(file.read_bytes()[:-300])
    with pytest.raises(DataError, match="3 of 18 sound files") as refused:
        open_sounds(FolderData(path=str(root)), tmp_path)
    assert all(f"low/0.{ending}" in str(refused.value) for ending in ("flac", "ogg", "mp3"))


def test_predictions_read_them_by_the_rules_of_the_run(tmp_path: Path) -> None:
    root = write_sounds(tmp_path / "data")
    options = ReadOptions(None, None, None, SOUNDS, tmp_path, print)
    (listing,) = list_inputs([str(root / "low")], options)
    clip = Clip(16000, 4800)
    read = {item.name.rpartition("/")[2]: SoundReader(clip).read(item) for item in listing.items}
    assert len(read) == 9
    expected, _ = soundfile.read(root / "low" / "1.mp3", dtype="float32")
    np.testing.assert_array_equal(read["1.mp3"].values, expected[:4800])
    assert np.any(read["turned.wav"].values)
    (item,) = list(list_inputs([str(root / "low" / "turned.wav")], options)[0].items)
    assert not np.any(SoundReader(clip, FIRST).read(item).values)


def test_init_describes_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_sounds(tmp_path / "data")
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(main, ["init", "data"])
    assert result.exit_code == 0, result.output
    assert "16,000 samples per second" in result.output
    assert json.loads((tmp_path / "data.json").read_text())["task"]["kind"] == "audio_classification"
