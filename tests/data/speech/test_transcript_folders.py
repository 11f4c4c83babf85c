"""Transcripts beside sounds in folders, in every form that is read."""

from pathlib import Path
from typing import Any

import pytest

from kerastune_ft.config.options.data import FolderData
from kerastune_ft.config.options.language.tasks import SpeechRecognition
from kerastune_ft.data.open import open_source
from kerastune_ft.data.source import DataSource
from kerastune_ft.errors import DataError
from tests.support.speech_files import write_sounds

_TASK = SpeechRecognition(kind="speech_recognition")


def _open(folder: Path, **options: Any) -> DataSource:
    data = FolderData.model_validate({"kind": "folder", "path": str(folder), **options})
    return open_source(data, _TASK, folder.parent / "cache", lambda _: None)


def _write(path: Path, *rows: str) -> None:
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")


@pytest.mark.parametrize(
    ("name", "rows"),
    [
        ("metadata.csv", ["file_name,transcription", "a.wav,one (two)", 'sub/b.wav,"three, four"']),
        (
            "metadata.jsonl",
            ['{"file_name": "a.wav", "text": "one (two)"}', '{"file_name": "sub/b.wav", "text": "three, four"}'],
        ),
        ("metadata.csv", ["a|1 (2)|one (two)", "b|3, 4|three, four"]),
        ("1.trans.txt", ["a one (two)", "sub/b three, four"]),
    ],
)  # fmt: skip
def test_a_file_names_the_sounds(tmp_path: Path, name: str, rows: list[str]) -> None:
    folder = tmp_path / "said"
    write_sounds(folder, ["a.wav", "sub/b.wav"])
    _write(folder / name, *rows)
    source = _open(folder, splits={"train": 0.5, "validation": 0.5})
    assert dict(zip(source.keys, source.label_texts, strict=True)) == {"a.wav": "one (two)", "sub/b.wav": "three, four"}
    assert not [note for note in source.info.notes if "ignored" in note]


def test_librispeech_and_texts_beside(tmp_path: Path) -> None:
    folder = tmp_path / "said"
    write_sounds(folder, ["train/84/84-1-0.wav", "train/84/84-1-1.wav", "test/x.wav", "validation/y.wav"])
    _write(folder / "train/84/84-1.trans.txt", "84-1-0 GO ON", "84-1-1 DO", "84-1-2 NOT THERE")
    _write(folder / "test/x.txt", "what x says")
    _write(folder / "validation/y.txt", "what y says")
    source = _open(folder)
    texts = dict(zip(source.keys, source.label_texts, strict=True))
    assert texts["train/84/84-1-0.wav"] == "GO ON" and texts["test/x.wav"] == "what x says"
    assert {name: len(rows) for name, rows in source.splits.items()} == {"train": 2, "validation": 1, "test": 1}
    assert any("1 transcript of sounds that are not there: 84-1-2" in note for note in source.info.notes)


def test_sounds_without_a_transcript(tmp_path: Path) -> None:
    folder = tmp_path / "said"
    write_sounds(folder, ["a.wav", "b.wav", "c.wav"])
    with pytest.raises(DataError, match=r"3 sounds and nothing that says what is spoken.*metadata\.csv"):
        _open(folder)
    _write(folder / "metadata.csv", "file_name,transcription", "a.wav,one", "b.wav,", "c.wav,three")
    with pytest.raises(DataError, match=r"(?s)1 sound of 3 .* without a transcript:.*b\.wav.*on_missing"):
        _open(folder)
    source = _open(folder, on_missing="skip", splits={"train": 0.5, "validation": 0.5})
    assert source.label_texts == ["one", "three"]
    assert [(file.path, file.reason) for file in source.info.skipped] == [("b.wav", "has no transcript")]


def test_table_without_such_columns(tmp_path: Path) -> None:
    folder = tmp_path / "said"
    write_sounds(folder, ["a.wav"])
    _write(folder / "metadata.csv", "file_name,words", "a.wav,one")
    with pytest.raises(DataError, match=r"columns file_name, words, and none called transcription or .*rename one"):
        _open(folder)
