"""A writer of texts for texts: the encoder-decoder of a session or of a run, with the rows that it was trained with."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import keras
import numpy as np

from kerastune_ft.config.options.language.tasks import Generation
from kerastune_ft.data.dialogues.turns import Turn
from kerastune_ft.generation.pair_decoding import PairDecoding
from kerastune_ft.generation.prompts import Prompt
from kerastune_ft.generation.writer import Answer, Writer, find_key
from kerastune_ft.input.language.pair_rows import PairSettings


class PairWriter:
    """Writes texts for others; what is asked is the last turn of a dialogue, as `DialogueWriter` takes them."""

    def __init__(self, body: keras.Model, settings: PairSettings) -> None:
        """`body` is keras-hub's backbone, whose variables may change between calls."""
        self.settings, given = settings, settings.given
        self.writer = Writer(PairDecoding(body, settings), given.tokenizer, given.decoder_end)

    def find_room(self, options: Generation) -> int:
        """Return the most tokens of a text that is read."""
        return self.settings.limits[0]

    def encode(self, turns: Sequence[Turn], options: Generation) -> Prompt:
        """Return the tokens that are read of the last turn, cut as in training, and how many were lost."""
        tokens, lost = self.settings.encode_source(turns[-1].content)
        return Prompt(tokens, lost)

    def answer(self, dialogues: Sequence[Sequence[Turn]], options: Generation, seed: int) -> list[Answer]:
        """Return the text for each; the same text gets the same one, whatever stands beside it."""
        return self.write([self.encode(turns, options).tokens for turns in dialogues], options, seed)

    def write(self, prompts: Sequence[np.ndarray], options: Generation, seed: int) -> list[Answer]:
        """Return the text for each row of tokens, see `answer`."""
        return self.writer.generate(prompts, [find_key(prompt) for prompt in prompts], options, seed)

    def stream(self, turns: Sequence[Turn], options: Generation, seed: int) -> Iterator[str]:
        """Yield the parts of the text for the last turn as they are written; together they are that of `answer`."""
        tokens = self.encode(turns, options).tokens
        yield from self.writer.stream(tokens, find_key(tokens), options, seed)
