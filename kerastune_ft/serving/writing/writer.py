"""The contract of a model that writes, as a server uses it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from kerastune_ft.config.options.language.tasks import Generation
from kerastune_ft.data.dialogues.turns import Turn

Ending = Literal["stop", "length"]
"""Why an answer ends: the model or a stop text ended it, or it has as many tokens as it may have."""


@dataclass(frozen=True)
class Piece:
    """What an answer was continued by."""

    text: str
    tokens: int
    """How many tokens the answer has so far."""
    ending: Ending | None = None
    """Why the answer ends here; None where it goes on."""


@dataclass(frozen=True)
class Question:
    """A prompt that is to be answered."""

    prompt: Sequence[int]
    """Its tokens."""
    options: Generation
    seed: int


class ServedWriter(Protocol):
    """A model that is loaded. `encode` is called in several threads at once, all else in one."""

    name: str
    """Its name in requests."""
    platform: str
    limit: int
    """The most tokens of a prompt and its answer together."""
    options: Generation
    """How it writes unless a request says otherwise."""
    rows: int
    """The most answers that are written in a batch."""

    def encode(self, turns: Sequence[Turn]) -> Sequence[int]:
        """Return the tokens of a dialogue that is to be answered, or of one text that is to be gone on with."""

    def fits(self, questions: Sequence[Question]) -> bool:
        """Return whether these can be answered in one batch."""

    def write(
        self, questions: Sequence[Question], is_wanted: Callable[[int], bool]
    ) -> Iterator[Sequence[Piece | None]]:
        """Yield the next piece of each answer, None where there is none; the last piece of each has an ending.

        An answer depends on its question alone, not on those beside it. Several batches may be under way in turns.
        `is_wanted` says whether the answer at a place still is.
        """

    def warm(self) -> None:
        """Write something, so that nothing is compiled when requests come."""
