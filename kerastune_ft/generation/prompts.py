"""Dialogues that are to be answered, as the tokens that an answer begins after."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from kerastune_ft.data.dialogues.turns import Turn
from kerastune_ft.input.language.control_tokens import ControlTokens
from kerastune_ft.input.language.language_loader import BEGINNING, DialogueSettings
from kerastune_ft.input.language.rows import encode_parts, encode_segments
from kerastune_ft.input.language.template import Segment

_SYSTEM = "system"


@dataclass(frozen=True)
class Prompt:
    """The tokens of a dialogue up to where its answer begins."""

    tokens: np.ndarray
    """int32."""
    lost: int
    """How many tokens of what was said were cut off, since there was no room for them."""


class Prompts:
    """Makes prompts of dialogues as rows of training were made."""

    def __init__(self, settings: DialogueSettings) -> None:
        """`settings` are those that rows of training were made by."""
        self.settings = settings
        self._control = ControlTokens(settings.given.tokenizer)

    @property
    def positions(self) -> int:
        """Return the most tokens of a text, that of its answer included.

        They are those that the model has positions for. Where it has no such limit, as with rotary positions, they are
        the longest row of training, or what the preset's own preprocessor takes if that is more.
        """
        given = self.settings.given
        return given.maximum_length or max(self.settings.limit, given.default_length)

    @property
    def ends(self) -> tuple[int, ...]:
        """Return the tokens that end an answer: that of the template, and the tokenizer's own end of a text."""
        stop = self.settings.template.stop
        return tuple({*((self._control[stop],) if stop else ()), *self.settings.given.end})

    def encode(self, turns: Sequence[Turn], most: int) -> Prompt:
        """Return the prompt of a dialogue, of at most `most` tokens unless the template alone has more.

        What is too long is cut as in training: from the beginning of what was said, or where a text is to be shortened
        from its end.
        """
        segments = self.settings.template.ask(turns)
        (parts,) = encode_parts([segments], self.settings.given, self._control)
        excess = sum(map(len, parts)) - most
        lost = 0 if excess <= 0 else self._cut(segments, parts, excess)
        tokens = np.concatenate([np.zeros(0, np.int32), *parts])
        if not len(tokens):
            # A model needs something to go on with: what texts begin with, or else what stands between them.
            tokens = np.array((self.settings.given.start or self.settings.given.end)[:1], np.int32)
        return Prompt(tokens, lost)

    def drop_old(self, turns: Sequence[Turn], most: int) -> list[Turn]:
        """Return a dialogue without its oldest turns, so that its prompt has at most `most` tokens.

        Instructions to the model and the last turn stay; the first of the others is then a question.
        """
        kept = list(turns)
        first = 1 if kept and kept[0].role == _SYSTEM else 0
        while len(kept) > first + 1 and self._count(kept) > most:
            del kept[first : first + (2 if len(kept) > first + 2 else 1)]
        return kept

    def _count(self, turns: Sequence[Turn]) -> int:
        segments = self.settings.template.ask(turns)
        return sum(len(ids) for ids, _ in encode_segments([segments], self.settings.given, self._control))

    def _cut(self, segments: Sequence[Segment], parts: list[np.ndarray], excess: int) -> int:
        """Shorten parts in place by `excess` tokens of what was said; return how many there were to cut."""
        lost, from_end = 0, self.settings.keeps == BEGINNING
        places = [place for place, segment in enumerate(segments) if not segment.is_of_template]
        for place in reversed(places) if from_end else places:
            cut = min(excess - lost, len(parts[place]))
            parts[place] = parts[place][: len(parts[place]) - cut] if from_end else parts[place][cut:]
            lost += cut
        return lost
