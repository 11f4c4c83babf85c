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
from kerastune_ft.inference.speech.transcript_predictor import TranscriptPredictor


class _Writer:
    def write(self, sounds: list[np.ndarray], options: Generation, seed: int) -> list[Answer]:
        return [Answer(f"word {int(sound[0])}", np.array([1]), "stop" if sound[0] else "length", 1) for sound in sounds]


@pytest.fixture
def predictor() -> TranscriptPredictor:
    made = TranscriptPredictor.__new__(TranscriptPredictor)
    made._writer, made._options, made._seed = _Writer(), Generation(max_new_tokens=5), 0  # type: ignore[assignment]
    made.input_columns, made._done, made._remarks, made._short = ("input",), 0, Counter(), 0
    return made


def test_a_row_for_every_sound(predictor: TranscriptPredictor) -> None:
    sounds = [
        DecodedInput("a.wav", tf.constant([1.0])),
        DecodedInput("b.wav", None, "is silent"),
        DecodedInput("c.wav", tf.constant([2.0])),
    ]
    predictor.count_remarks(sounds)
    assert predictor.answer(sounds, 8) == [
        {"input": "a.wav", "transcript": "word 1", "error": None},
        {"input": "b.wav", "transcript": None, "error": "is silent"},
        {"input": "c.wav", "transcript": "word 2", "error": None},
    ]
    assert not predictor.notes()


def test_what_was_not_finished_is_said(predictor: TranscriptPredictor) -> None:
    sounds = [DecodedInput("a.wav", tf.constant([0.0])), DecodedInput("b.wav", tf.constant([1.0]))]
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
