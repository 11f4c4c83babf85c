"""A run as a served model of speech: the same reading, the same transcripts as `predict`."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import kerastune_ft as kt
from kerastune_ft.api.finished import read_settings
from kerastune_ft.config.options.language.tasks import Generation, SpeechRecognition
from kerastune_ft.data.embedded import spoken
from kerastune_ft.generation.writer import Answer
from kerastune_ft.inference.items import Item
from kerastune_ft.inference.speech.speech_reader import SpeechReader
from kerastune_ft.inference.speech.transcript_predictor import TranscriptPredictor
from kerastune_ft.input.sounds.resample import Clip
from kerastune_ft.rundir import RunDirectory
from kerastune_ft.serving.limits import Limits
from kerastune_ft.serving.speech import run_transcriber
from kerastune_ft.serving.speech.run_transcriber import RunTranscriber
from kerastune_ft.serving.speech.transcriber import Recording
from tests.support.sound_files import tone, wav
from tests.support.speech_files import write_sounds

SOUNDS = [wav(tone(440, seconds)) for seconds in (0.5, 2.5, 0.8)]


class _Writer:
    """Writes the power of each sound, with the temperature; counts how often it is asked."""

    def __init__(self, languages: tuple[tuple[str, int], ...]) -> None:
        self.settings = SimpleNamespace(tokens=SimpleNamespace(plain=(3,), languages=languages))
        self.calls = Counter[int]()

    def write(self, sounds: list[np.ndarray], options: Generation, seed: int) -> list[Answer]:
        self.calls[len(sounds)] += 1
        return [
            Answer(f"{np.square(sound).sum():.6f}@{options.temperature:g}", np.array([1]), "stop", 1)
            for sound in sounds
        ]


def open_transcriber(monkeypatch: pytest.MonkeyPatch, task: SpeechRecognition, **more: Any) -> RunTranscriber:
    predictor = TranscriptPredictor.__new__(TranscriptPredictor)
    writer: Any = _Writer(more.get("languages", ()))
    predictor._writer, predictor._options, predictor._seed = writer, task.generate, 0
    predictor._reader, predictor.input_columns, predictor._short = SpeechReader(Clip(16_000, 16_000)), ("input",), 0
    monkeypatch.setattr(run_transcriber, "open_predictor", lambda run, config: predictor)
    nothing: Any = None
    config: Any = SimpleNamespace(task=task)
    return RunTranscriber(nothing, config, "ears", Limits(batch_size=more.get("batch_size", 8)))


def test_answers_are_those_of_predictions(monkeypatch: pytest.MonkeyPatch) -> None:
    served = open_transcriber(monkeypatch, SpeechRecognition(kind="speech_recognition"))
    answers = served.answer([served.read(sound) for sound in SOUNDS])
    predictor = served._predictor
    rows = predictor.answer([predictor.read(Item("a", content=sound)) for sound in SOUNDS], 3)
    assert [answer["transcript"] for answer in answers] == [row["transcript"] for row in rows]
    assert [answer["seconds"] for answer in answers] == [0.5, 2.5, 0.8]
    assert answers[1]["transcript"] == " ".join(segment.text for segment in answers[1]["segments"])
    assert answers[1]["segments"][-1].end == 2.5 and answers[0]["ended"] == "stop"


def test_recordings_have_ways_of_their_own_in_one_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    served = open_transcriber(monkeypatch, SpeechRecognition(kind="speech_recognition"))
    given = [SOUNDS[0], Recording(SOUNDS[0], 0.5), Recording(SOUNDS[2]), Recording(SOUNDS[2], 0.5)]
    found = [answer["transcript"].partition("@") for answer in served.answer([served.read(each) for each in given])]
    assert [temperature for *_, temperature in found] == ["0", "0.5", "0", "0.5"]
    assert found[0][0] == found[1][0] != found[2][0] == found[3][0]


def test_what_cannot_be_read_and_what_is_too_long(monkeypatch: pytest.MonkeyPatch) -> None:
    served = open_transcriber(monkeypatch, SpeechRecognition(kind="speech_recognition"))
    with pytest.raises(ValueError, match="no sound that can be read"):
        served.read(Recording(b"no sound"))
    assert served.form.measure(Recording(SOUNDS[0]), Limits(max_samples=8000)) == 0.5


@pytest.mark.parametrize(
    ("task", "languages", "language"),
    [({}, (), "en"), ({"language": "de", "translate": True}, (("de", 5),), "de"), ({}, (("de", 5),), None)],
)
def test_the_language_that_it_writes_down(
    monkeypatch: pytest.MonkeyPatch, task: dict[str, Any], languages: Any, language: str | None
) -> None:
    options = SpeechRecognition(kind="speech_recognition", **task)
    served = open_transcriber(monkeypatch, options, languages=languages)
    assert (served.language, served.translates) == (language, options.translate)


def test_it_computes_one_sound_or_as_many_as_a_batch_has(monkeypatch: pytest.MonkeyPatch) -> None:
    task = SpeechRecognition(kind="speech_recognition")
    assert open_transcriber(monkeypatch, task).shapes == (1, 8)
    served = open_transcriber(monkeypatch, task, batch_size=4)
    assert served.shapes == (1,)
    served.warm(served.read(SOUNDS[0]), served.shapes)
    writer: Any = served._predictor._writer
    assert writer.calls == {1: 1}


@pytest.mark.slow
def test_a_run_answers_as_its_predictions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KERASTUNE_CACHE", str(tmp_path / "cache"))
    names = ["a.wav", "b.wav", "c.wav", "d.wav"]
    write_sounds(tmp_path / "sounds", names)
    long = np.concatenate([spoken.sound(number) for number in range(6)]) / 32768
    (tmp_path / "sounds" / "long.wav").write_bytes(wav(long, spoken.SAMPLE_RATE))
    options = {"num_layers": 1, "num_heads": 2, "hidden_dim": 16, "intermediate_dim": 32, "num_mels": 16}
    run = kt.run(
        {
            "name": "tones",
            "task": {"kind": "speech_recognition", "metrics": [], "generate": {"max_new_tokens": 12}},
            "data": {"kind": "tfds", "name": "spoken"},
            "backbone": {"kind": "keras_hub", "class": "WhisperBackbone", "options": options},
            "phases": [{"name": "all", "unfreeze": "all", "epochs": 1, "learning_rate": 0.003}],
        },
        run_dir=tmp_path / "run",
    )
    rows = run.predict(str(tmp_path / "sounds"))
    wanted = dict(zip((Path(name).name for name in rows["input"]), rows["transcript"], strict=True))
    target = RunDirectory(tmp_path / "run")
    served = RunTranscriber(target, read_settings(target), "tones", Limits())
    found = {}
    for name in wanted:
        (answer,) = served.answer([served.read((tmp_path / "sounds" / name).read_bytes())])
        found[name] = answer["transcript"]
        assert (len(answer["segments"]) > 1) is (name == "long.wav")
    assert found == wanted and len(wanted) == 5
