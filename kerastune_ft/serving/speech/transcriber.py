"""The contract of a model that writes down speech, as a server uses it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from kerastune_ft.serving.model import ServedModel

TRANSCRIPT, SECONDS, SEGMENTS, ENDED = "transcript", "seconds", "segments", "ended"
"""The keys of an answer: the text, the length of the sound, its pieces, and what ended the text."""


@dataclass(frozen=True)
class Recording:
    """A sound, with how it is to be written down."""

    content: bytes
    """The sound file."""
    temperature: float | None = None
    """0 takes the most probable token; None is what the run has."""


@dataclass(frozen=True)
class Segment:
    """A piece of a recording, as the model heard it."""

    start: float
    end: float
    """Where it begins and ends, in seconds."""
    text: str

    def to_json(self, number: int) -> dict[str, Any]:
        """Return it as the segment of that number."""
        return {"id": number, "start": round(self.start, 3), "end": round(self.end, 3), "text": self.text}


class ServedTranscriber(ServedModel, Protocol):
    """A model whose `read` takes recordings beside files, and whose answers have all keys above."""

    language: str | None
    """The code of the language that it writes down; None where nothing says."""
    translates: bool
    """Whether it writes English whatever is spoken."""
    shapes: Sequence[int]
    """The numbers of sounds that it computes at once."""
