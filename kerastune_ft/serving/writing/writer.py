"""The contract of a model that writes, as a server uses it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
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


class ServedWriter(Protocol):
    """A model that is loaded. `encode` is called in several threads at once, all else in one."""

    name: str
    """Its name in requests."""
    platform: str
    limit: int
    """The most tokens of a prompt and its answer together."""
    options: Generation
    """How it writes unless a request says otherwise."""

    def encode(self, turns: Sequence[Turn]) -> Sequence[int]:
        """Return the tokens of a dialogue that is to be answered, or of one text that is to be gone on with."""

    def write(self, prompt: Sequence[int], options: Generation, seed: int) -> Iterator[Piece]:
        """Yield an answer as it is written; the last piece has an ending. Several may be under way in turns."""

    def warm(self) -> None:
        """Write something, so that nothing is compiled when requests come."""
