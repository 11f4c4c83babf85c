"""A model for the tests of the server of speech that hears nothing but lengths."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from kerastune_ft.data.sounds.channels import UnusableSoundError
from kerastune_ft.data.sounds.decode import decode_sound
from kerastune_ft.serving.inputs import make_form
from kerastune_ft.serving.speech.app import make_app
from kerastune_ft.serving.speech.transcriber import ENDED, SECONDS, SEGMENTS, TRANSCRIPT, Recording, Segment
from tests.support.served import listen


class StandInTranscriber:
    """Says how many frames a sound has, and the temperature where one is asked for."""

    name, platform, classes = "ears", "stand-in", ()
    shapes = (1,)

    def __init__(self, language: str | None = "en", translates: bool = False) -> None:
        self.language, self.translates = language, translates
        form = make_form("audio")
        measure = form.measure
        self.form = replace(form, measure=lambda given, limits: measure(content_of(given), limits))

    def read(self, given: bytes | Recording) -> tuple[int, float, float | None]:
        try:
            found = decode_sound(content_of(given))
        except UnusableSoundError as problem:
            raise ValueError(str(problem)) from problem
        frames = len(found.values)
        return frames, frames / found.rate, given.temperature if isinstance(given, Recording) else None

    def answer(self, examples: Sequence[tuple[int, float, float | None]]) -> list[dict[str, Any]]:
        answers = []
        for frames, seconds, temperature in examples:
            text = f"{frames} frames" + ("" if temperature is None else f" at {temperature:g}")
            segment = Segment(0.0, seconds, text)
            ended = "length" if frames == 13 else "stop"
            answers.append({TRANSCRIPT: text, SECONDS: seconds, SEGMENTS: [segment], ENDED: ended})
        return answers

    def warm(self, example: Any, shapes: Sequence[int]) -> None:
        self.answer([example])


def content_of(given: Any) -> bytes:
    return given.content if isinstance(given, Recording) else given


listen_transcriber = partial(listen, make=make_app)
