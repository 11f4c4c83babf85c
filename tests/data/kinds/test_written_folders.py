"""Where texts to write are looked for in a folder is decided by what its files are."""

from pathlib import Path

from kerastune_ft.config.options.data import FolderData
from kerastune_ft.config.options.language.tasks import CausalLm, SpeechRecognition
from kerastune_ft.data.files.find import SOUNDS, TEXTS, Walk
from kerastune_ft.data.kinds.written_folders import read
from kerastune_ft.data.modality import ReadContext
from tests.support.speech_files import write_sounds


def test_sounds_have_transcripts_and_texts_have_none(tmp_path: Path) -> None:
    write_sounds(tmp_path, ["a.wav"])
    (tmp_path / "a.txt").write_text("one two")
    options = FolderData(kind="folder", path=str(tmp_path))
    found = {}
    for task, kind in ((SpeechRecognition(kind="speech_recognition"), SOUNDS), (CausalLm(kind="causal_lm"), TEXTS)):
        annotations = read(Walk(tmp_path, file_kind=kind), options, None, ReadContext(task, tmp_path, print))
        found[task.kind] = [
            (file.key, text) for file, text in zip(annotations.files, annotations.label_texts, strict=True)
        ]
    assert found == {"speech_recognition": [("a.wav", "one two")], "causal_lm": [("a.txt", "")]}
