"""Sounds with transcripts: a data set that comes with the package, and a table of files."""

import csv
from pathlib import Path

import numpy as np
import pytest

from kerastune_ft.config.options.data import TableData, TfdsData
from kerastune_ft.config.options.language.tasks import SpeechRecognition
from kerastune_ft.data.embedded import spoken
from kerastune_ft.data.open import open_source
from kerastune_ft.errors import DataError
from kerastune_ft.training.evaluation.show_sounds import encode_wav

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
    with pytest.raises(DataError, match=r"(?s)1 row of 4 .* has no (label|text).*2\.wav"):
        open_source(TableData.model_validate(options), _TASK, tmp_path, lambda _: None)
    skipping = TableData.model_validate({**options, "on_missing": "skip"})
    source = open_source(skipping, _TASK, tmp_path, lambda _: None)
    assert source.label_texts == ["one two", "three (four)", "five"]
    assert [file.path for file in source.info.skipped] == ["row 4: 2.wav"]
