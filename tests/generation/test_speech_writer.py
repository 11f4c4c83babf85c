"""A writer of transcripts has the tokens of its run, and its text stands without the space of the first word."""

from __future__ import annotations

from typing import Any

import numpy as np

from kerastune_ft.config.options.language.tasks import Generation
from kerastune_ft.generation.speech_writer import SpeechWriter
from kerastune_ft.generation.writer import Answer


class _Written:
    """Gives texts as a model would."""

    def generate(self, sounds: Any, keys: Any, options: Generation, seed: int) -> list[Answer]:
        return [Answer(f" said {key % 7}", np.array([1]), "stop", 2) for key in keys]


def test_texts_are_stripped_and_keys_follow_from_sounds() -> None:
    writer = SpeechWriter.__new__(SpeechWriter)
    writer.writer = _Written()  # type: ignore[assignment]
    sounds = [np.zeros(4, np.float32), np.ones(4, np.float32), np.zeros(4, np.float32)]
    one, other, again = writer.write(sounds, Generation(), 0)
    assert one.text == again.text != other.text and not one.text.startswith(" ")
