"""Transcripts beside sounds in folders, in every form that is read."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from kerastune_ft.config.options.data import FolderData
from kerastune_ft.config.options.language.tasks import SpeechRecognition
from kerastune_ft.data.embedded import spoken
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


def test_transcripts_that_contradict_each_other(tmp_path: Path) -> None:
    folder = tmp_path / "said"
    write_sounds(folder, ["a.wav", "b.wav"])
    split = {"train": 0.5, "validation": 0.5}
    _write(folder / "1.trans.txt", "a ONE", "b TWO", "a ONE")
    assert _open(folder, splits=split).label_texts == ["ONE", "TWO"]
    _write(folder / "2.trans.txt", "a", "b THREE")
    with pytest.raises(
        DataError, match=r'2\.trans\.txt has another transcript of b than was read before, "THREE" and "TWO"'
    ):
        _open(folder, splits=split)


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


@pytest.fixture
def packed(tmp_path: Path) -> Path:
    """A folder of a sound of each kind of file, which a test tells what they say."""
    soundfile = pytest.importorskip("soundfile")
    folder = tmp_path / "said"
    folder.mkdir()
    for number, name in enumerate(PACKED):
        # MPEG's layer 3 has no rate of 8,000 in every encoder.
        sound = np.repeat(spoken.sound(number), 2)
        soundfile.write(folder / name, sound, 2 * spoken.SAMPLE_RATE)
    return folder


PACKED = ("a.wav", "b.flac", "c.ogg", "d.mp3", "e.flac", "f.ogg")
_SPLIT = {"splits": {"train": 0.5, "validation": 0.5}}


def _tell(folder: Path, form: str, texts: dict[str, str]) -> None:
    if form == "metadata.csv":
        _write(folder / form, "file_name,transcription", *[f"{name},{text}" for name, text in texts.items()])
    elif form == "x.trans.txt":
        _write(folder / form, *[f"{Path(name).stem} {text}" for name, text in texts.items()])
    else:
        for name, text in texts.items():
            _write((folder / name).with_suffix(".txt"), text)


@pytest.mark.parametrize("form", ["metadata.csv", "x.trans.txt", ".txt"])
def test_packed_sounds_have_transcripts_in_every_form(packed: Path, form: str) -> None:
    texts = {name: f"word {number}" for number, name in enumerate(PACKED)}
    _tell(packed, form, texts)
    source = _open(packed, **_SPLIT)
    assert dict(zip(source.keys, source.label_texts, strict=True)) == texts
    for number, name in enumerate(source.keys):
        found = source.read_input(tf.constant(number, tf.int64))
        assert len(found["samples"]) / int(found["rate"]) == pytest.approx(source.sound_seconds[number]), name


@pytest.mark.parametrize("form", ["metadata.csv", "x.trans.txt", ".txt"])
def test_damaged_sounds_and_empty_transcripts_are_named_or_left_out(packed: Path, form: str) -> None:
    texts = {name: f"word {number}" for number, name in enumerate(PACKED)} | {"a.wav": " ", "f.ogg": ""}
    _tell(packed, form, texts)
    for name in ("b.flac", "c.ogg", "d.mp3"):
        content = (packed / name).read_bytes()
        (packed / name).write_bytes(content[: len(content) // 2])
    with pytest.raises(DataError, match=r"2 sounds of 6 .* without a transcript:\n  a\.wav\n  f\.ogg"):
        _open(packed, **_SPLIT)
    with pytest.raises(DataError, match=r"(?s)3 of 4 sound files .*b\.flac.*c\.ogg.*d\.mp3"):
        _open(packed, on_missing="skip", **_SPLIT)
    (packed / "g.wav").write_bytes((packed / "a.wav").read_bytes())
    _tell(packed, form, {**texts, "g.wav": "word 6"})
    source = _open(packed, on_missing="skip", on_bad_file="skip", **_SPLIT)
    assert sorted(source.keys) == ["e.flac", "g.wav"]
    assert sorted(Path(file.path).name for file in source.info.skipped) == [
        "a.wav",
        "b.flac",
        "c.ogg",
        "d.mp3",
        "f.ogg",
    ]
