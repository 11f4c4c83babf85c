"""Rows of transcripts: one for each sound, with what could not be read, and what was not finished."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from kerastune_ft.config.options.language.tasks import Generation
from kerastune_ft.errors import ConfigError
from kerastune_ft.generation.writer import Answer
from kerastune_ft.inference.decode_ahead import DecodedInput
from kerastune_ft.inference.output.form import OutputForm
from kerastune_ft.inference.speech.speech_reader import DecodedSpeech
from kerastune_ft.inference.speech.transcript_predictor import TranscriptPredictor


class _Writer:
    def write(self, sounds: list[np.ndarray], options: Generation, seed: int) -> list[Answer]:
        return [Answer(f"word {int(sound[0])}", np.array([1]), "stop" if sound[0] else "length", 1) for sound in sounds]


def hear(name: str, *values: float) -> DecodedSpeech:
    spans = tuple((float(number), number + 1.0) for number in range(len(values)))
    return DecodedSpeech(name, tf.constant(np.array(values, np.float32)[:, np.newaxis]), spans=spans)


@pytest.fixture
def predictor() -> TranscriptPredictor:
    made = TranscriptPredictor.__new__(TranscriptPredictor)
    made._writer, made._options, made._seed = _Writer(), Generation(max_new_tokens=5), 0  # type: ignore[assignment]
    made.input_columns, made._done, made._remarks, made._short = ("input",), 0, Counter(), 0
    return made


def test_a_row_for_every_sound(predictor: TranscriptPredictor) -> None:
    sounds = [
        hear("a.wav", 1),
        DecodedInput("b.wav", None, "is silent"),
        hear("c.wav", 2),
    ]
    predictor.count_remarks(sounds)
    assert predictor.answer(sounds, 8) == [
        {"input": "a.wav", "transcript": "word 1", "error": None},
        {"input": "b.wav", "transcript": None, "error": "is silent"},
        {"input": "c.wav", "transcript": "word 2", "error": None},
    ]
    assert not predictor.notes()


def test_pieces_of_a_recording_become_one_transcript(predictor: TranscriptPredictor) -> None:
    rows = predictor.answer([hear("a.wav", 1, 2, 3), hear("b.wav", 4)], 8)
    assert [row["transcript"] for row in rows] == ["word 1 word 2 word 3", "word 4"]


def test_what_was_not_finished_is_said(predictor: TranscriptPredictor) -> None:
    sounds = [hear("a.wav", 3, 0), hear("b.wav", 1)]
    predictor.count_remarks(sounds)
    predictor.answer(sounds, 8)
    (note,) = predictor.notes()
    assert note.startswith("1 of 2 transcripts ends after 5 tokens, before the model ended")
    predictor.forget_remarks()
    assert not predictor.notes()


@pytest.mark.parametrize(("form", "name"), [({"coverage": 0.9}, "--coverage"), ({"calibrated": True}, "--calibrated")])
def test_forms_of_classes_are_refused(form: dict[str, Any], name: str) -> None:
    nothing: Any = None
    with pytest.raises(ConfigError, match=f"{name} has no effect on a run whose predictions are texts"):
        TranscriptPredictor(nothing, nothing, {}, OutputForm(**form))
