"""A finished run whose model writes down speech, as a served model: read and written down as `predict` does it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from kerastune_ft.config.options.language.tasks import Generation
from kerastune_ft.config.options.task_facts import AUDIO
from kerastune_ft.config.run import RunConfig
from kerastune_ft.generation.writer import ROWS
from kerastune_ft.inference.items import Item
from kerastune_ft.inference.predict import open_predictor
from kerastune_ft.inference.speech.speech_reader import DecodedSpeech
from kerastune_ft.inference.speech.transcript_predictor import TranscriptPredictor, is_unfinished, join_pieces
from kerastune_ft.rundir import RunDirectory
from kerastune_ft.serving.inputs import Form, Given, make_form
from kerastune_ft.serving.limits import Limits
from kerastune_ft.serving.speech.transcriber import ENDED, SECONDS, SEGMENTS, TRANSCRIPT, Recording, Segment

_ENGLISH = "en"


@dataclass(frozen=True)
class _Heard:
    """A recording that was read, with how it is to be written down."""

    speech: DecodedSpeech
    options: Generation


class RunTranscriber:
    """The model of a run that writes down sounds of any length."""

    platform = "keras"
    classes: tuple[str, ...] = ()

    def __init__(self, run: RunDirectory, config: RunConfig, name: str, limits: Limits) -> None:
        """Load the model. Raises ConfigError where the run has none."""
        found = open_predictor(run, config)
        assert isinstance(found, TranscriptPredictor)
        self.name, self._predictor = name, found
        form = make_form(AUDIO)
        measure = form.measure
        self.form: Form = replace(form, measure=lambda given, most: measure(_content_of(given), most))
        # The writer computes one sound, or eight.
        self.shapes: Sequence[int] = (1, ROWS) if limits.batch_size >= ROWS else (1,)
        task: Any = config.task
        # Tokens without languages are those of a model of English, or of bytes.
        knows_english = bool(found.settings.tokens.plain) and not found.settings.tokens.languages
        self.language: str | None = task.language or (_ENGLISH if knows_english else None)
        self.translates: bool = task.translate

    def read(self, given: Given | Recording) -> _Heard:
        """Return a sound as training would have read it; raise ValueError with the reason where it cannot be."""
        found: Any = self._predictor.read(Item(self.form.noun, content=_content_of(given)))
        if found.problem is not None:
            raise ValueError(found.problem)
        options = self._predictor.options
        if isinstance(given, Recording) and given.temperature is not None:
            options = options.model_copy(update={"temperature": given.temperature})
        return _Heard(found, options)

    def answer(self, examples: Sequence[_Heard]) -> list[dict[str, Any]]:
        """Return the transcript of each sound; those that are written down in one way are computed at once."""
        answers: dict[int, dict[str, Any]] = {}
        ways = {example.options.temperature: example.options for example in examples}
        for options in ways.values():
            places = [place for place, example in enumerate(examples) if example.options == options]
            found = self._answer_alike([examples[place].speech for place in places], options)
            answers.update(zip(places, found, strict=True))
        return [answers[place] for place in range(len(examples))]

    def warm(self, example: _Heard, shapes: Sequence[int]) -> None:
        """Write down so many sounds at once, so that nothing is compiled when requests come."""
        for shape in shapes:
            self.answer([example] * shape)

    def _answer_alike(self, read: Sequence[DecodedSpeech], options: Generation) -> list[dict[str, Any]]:
        return [
            {
                TRANSCRIPT: join_pieces(pieces),
                SECONDS: speech.seconds,
                SEGMENTS: [
                    Segment(start, end, piece.text) for (start, end), piece in zip(speech.spans, pieces, strict=True)
                ],
                ENDED: "length" if is_unfinished(pieces) else "stop",
            }
            for speech, pieces in zip(read, self._predictor.transcribe(read, options), strict=True)
        ]


def _content_of(given: Any) -> bytes:
    content: bytes = given.content if isinstance(given, Recording) else given
    return content
