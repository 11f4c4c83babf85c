"""Transcripts of sounds, a row each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from kerastune_ft.backbones.run import tokenizer_of
from kerastune_ft.config.options.language.tasks import Generation
from kerastune_ft.config.run import RunConfig
from kerastune_ft.generation.speech_writer import SpeechWriter
from kerastune_ft.generation.writer import Answer
from kerastune_ft.inference.decode_ahead import Reader
from kerastune_ft.inference.fixed_shape_predictor import SoundPredictor
from kerastune_ft.inference.language.answer_predictor import refuse_forms
from kerastune_ft.inference.language.open_writer import choose_generation
from kerastune_ft.inference.output.form import PLAIN, OutputForm
from kerastune_ft.inference.run_model import ERROR, Row, name_inputs
from kerastune_ft.inference.speech.speech_reader import DecodedSpeech, SpeechReader
from kerastune_ft.input.sounds.resample import Clip
from kerastune_ft.input.speech.transcripts import SpeechSettings
from kerastune_ft.rundir import RunDirectory
from kerastune_ft.saved_model.build import load_model
from kerastune_ft.wording import counted

TRANSCRIPT = "transcript"


class TranscriptPredictor(SoundPredictor):
    """Writes down sounds, which are read as those of any run on sounds."""

    def __init__(self, run: RunDirectory, config: RunConfig, plan: Mapping[str, Any], form: OutputForm = PLAIN) -> None:
        """Load model and tokenizer; raise ConfigError where the run has none, or for what transcripts cannot have."""
        refuse_forms(form)
        given = dict(form.generate)
        self._seed = int(given.pop("seed", config.seed))
        self._options = choose_generation(config, given)
        settings = SpeechSettings.from_plan(plan, tokenizer_of(run, plan))
        self._writer = SpeechWriter(load_model(run), settings)
        self._reader = self.make_reader(config, plan)
        self.choice_notes = []
        self.input_columns = name_inputs(plan)
        self.columns = (*self.input_columns, TRANSCRIPT, ERROR)
        self._done, self._remarks, self._short = 0, Counter[str](), 0

    def forget_remarks(self) -> None:
        """Count inputs, what is remarked on them, and unfinished transcripts from nothing on."""
        super().forget_remarks()
        self._short = 0

    def make_reader(self, config: RunConfig, plan: Mapping[str, Any]) -> Reader:
        """Return a reader of recordings of any length at the model's rate, in pieces of its length."""
        sound = plan["sound"]
        return SpeechReader(Clip(sound["sample_rate"], sound["samples"]), config.rules)

    @property
    def options(self) -> Generation:
        """How transcripts are written unless a caller says otherwise."""
        return self._options

    @property
    def settings(self) -> SpeechSettings:
        """Return the settings that sounds and transcripts of the run have."""
        return self._writer.settings

    def transcribe(self, read: Sequence[DecodedSpeech], options: Generation) -> list[list[Answer]]:
        """Return what is said in each recording that could be read, piece by piece."""
        pieces = [piece for each in read for piece in np.asarray(each.values)]
        written = iter(self._writer.write(pieces, options, self._seed) if pieces else [])
        return [[next(written) for _ in each.spans] for each in read]

    def answer(self, read: Sequence[Any], shape: int) -> list[Row]:
        """Return a row for each recording."""
        found = self.transcribe([each for each in read if each.values is not None], self._options)
        self._short += sum(is_unfinished(pieces) for pieces in found)
        texts = map(join_pieces, found)
        (name,) = self.input_columns
        return [
            {name: each.name, TRANSCRIPT: None if each.values is None else next(texts), ERROR: each.problem}
            for each in read
        ]

    def notes(self) -> list[str]:
        """Return what was remarked on some of the sounds, and how many transcripts were not ended by the model."""
        found = super().notes()
        if self._short:
            verb = "ends" if self._short == 1 else "end"
            found.append(
                f"{self._short} of {counted(self._done, 'transcript')} {verb} after {self._options.max_new_tokens} "
                "tokens, before the model ended; give --max-new-tokens for more"
            )
        return found


def join_pieces(pieces: Sequence[Answer]) -> str:
    """Return the transcript of a recording from those of its pieces."""
    return " ".join(piece.text for piece in pieces if piece.text)


def is_unfinished(pieces: Sequence[Answer]) -> bool:
    """Return whether the model had more to say of a piece than it may write."""
    return any(piece.ended == "length" for piece in pieces)
