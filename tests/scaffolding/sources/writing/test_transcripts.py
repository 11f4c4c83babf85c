"""What `init` finds of sounds with transcripts."""

from __future__ import annotations

from pathlib import Path

import pytest

from kerastune_ft.data.embedded import spoken
from kerastune_ft.data.files.find import IMAGES, SOUNDS
from kerastune_ft.errors import DataError
from kerastune_ft.scaffolding.detect import detect
from kerastune_ft.scaffolding.sources.writing.transcripts import inspect_transcript_table, inspect_transcripts
from tests.support.speech_files import write_sounds

_NAMES = [f"{number}.wav" for number in range(4)]


def _write_table(folder: Path, texts: list[str], splits: list[str] | None = None) -> Path:
    write_sounds(folder, _NAMES)
    rows = ["file_name,transcription" + (",split" if splits else "")]
    cells = zip(_NAMES, texts, splits or [""] * len(texts), strict=True)
    rows += [",".join(each if splits else each[:2]) for each in cells]
    (folder / "metadata.csv").write_text("\n".join(rows) + "\n")
    return folder / "metadata.csv"


def test_a_table_of_sounds_and_what_they_say(tmp_path: Path) -> None:
    splits = ["train", "train", "validation", "test"]
    table = _write_table(tmp_path, [spoken.answer(number) + " now" * number for number in range(4)], splits)
    found = inspect_transcript_table(table, "said/metadata.csv")
    assert (
        found is not None and found.task == {"kind": "speech_recognition"} and (found.examples, found.train) == (4, 2)
    )
    keys = {key: value for key, value in found.data.items() if not key.startswith("//")}
    assert keys == {
        "kind": "table", "path": "said/metadata.csv", "input": "file_name", "label": "transcription",
        "splits": {"column": "split"},
    }  # fmt: skip
    assert any("8,000 samples per second" in note for note in found.seen) and "speak in several" in found.asks[0]
    again = inspect_transcripts(tmp_path, "said", SOUNDS)
    assert again is not None and again.data == found.data


def test_the_sounds_of_a_speaker_stay_together(tmp_path: Path) -> None:
    write_sounds(tmp_path, [f"{number}.wav" for number in range(8)])
    rows = [f"{number}.wav,{spoken.answer(number)} now{' now' * number},s{number % 4}" for number in range(8)]
    (tmp_path / "metadata.csv").write_text("\n".join(["file_name,transcription,speaker", *rows]))
    found = inspect_transcript_table(tmp_path / "metadata.csv", "metadata.csv")
    assert found is not None and found.data["group"] == "speaker" and not found.asks


@pytest.mark.parametrize("label", [(), ("spoken_words",)])
def test_columns_of_other_names(tmp_path: Path, label: tuple[str, ...]) -> None:
    write_sounds(tmp_path / "clips", _NAMES)
    rows = [f'clips/{name},"one two{" three, four" * number}"' for number, name in enumerate(_NAMES)]
    (tmp_path / "list.csv").write_text("\n".join(["recording,spoken_words", *rows]))
    found = detect(tmp_path, "said", label, None)
    assert found.task == {"kind": "speech_recognition"} and not found.counts
    assert (found.data["input"], found.data["label"]) == ("recording", "spoken_words")


def test_classes_are_no_transcripts(tmp_path: Path) -> None:
    table = _write_table(tmp_path, ["yes", "no", "yes", "yes"])
    assert inspect_transcript_table(table, "metadata.csv") is None
    (tmp_path / "other.csv").write_text("file_name,words\n0.wav,a\n")
    assert inspect_transcript_table(tmp_path / "other.csv", "other.csv") is None


def test_a_folder_with_texts_beside_its_sounds(tmp_path: Path) -> None:
    write_sounds(tmp_path, ["train/a.wav", "train/b.wav", "dev/c.wav", "dev/d.wav"])
    (tmp_path / "train" / "1.trans.txt").write_text("a ONE\nb TWO\n")
    (tmp_path / "dev" / "c.txt").write_text("three")
    found = inspect_transcripts(tmp_path, "said", SOUNDS)
    assert found is not None and (found.examples, found.train) == (3, 2)
    assert found.data["splits"] == {"train": "train", "validation": "dev"} and found.data["on_missing"] == "skip"
    assert inspect_transcripts(tmp_path, "said", IMAGES) is None
    (tmp_path / "train" / "1.trans.txt").write_text("a ONE\nb TWO\na THREE\n")
    with pytest.raises(DataError, match='another transcript of a than was read before, "THREE" and "ONE"'):
        inspect_transcripts(tmp_path, "said", SOUNDS)
    write_sounds(tmp_path / "alone", ["x.wav"])
    assert inspect_transcripts(tmp_path / "alone", "said", SOUNDS) is None
