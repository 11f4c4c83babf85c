"""A writer of answers to dialogues: the model of a session or of a run, with the template that it was trained with."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import keras

from kerastune_ft.config.options.language.tasks import Generation
from kerastune_ft.data.dialogues.turns import Turn
from kerastune_ft.generation.decoding import make_decoding
from kerastune_ft.generation.prompts import Prompt, Prompts
from kerastune_ft.generation.writer import Answer, Writer, find_key
from kerastune_ft.input.language.language_loader import DialogueSettings


class DialogueWriter:
    """Answers dialogues."""

    def __init__(self, body: keras.Model, settings: DialogueSettings) -> None:
        """`body` is keras-hub's backbone, whose variables may change between calls."""
        self.prompts = Prompts(settings)
        self.writer = Writer(make_decoding(body, self.prompts.positions), settings.given.tokenizer, self.prompts.ends)

    def find_room(self, options: Generation) -> int:
        """Return the most tokens of a prompt: those that an answer leaves, at least half of all."""
        most = self.prompts.positions
        return max(most - options.max_new_tokens, most // 2)

    def encode(self, turns: Sequence[Turn], options: Generation) -> Prompt:
        """Return the prompt of a dialogue, cut so that there is room for an answer."""
        return self.prompts.encode(turns, self.find_room(options))

    def answer(self, dialogues: Sequence[Sequence[Turn]], options: Generation, seed: int) -> list[Answer]:
        """Return the answer to each dialogue; the same dialogue gets the same one, whatever stands beside it."""
        tokens = [self.encode(turns, options).tokens for turns in dialogues]
        return self.write(tokens, options, seed)

    def write(self, prompts: Sequence, options: Generation, seed: int) -> list[Answer]:
        """Return the answer to each prompt, see `answer`."""
        return self.writer.generate(prompts, [find_key(prompt) for prompt in prompts], options, seed)

    def stream(self, turns: Sequence[Turn], options: Generation, seed: int) -> Iterator[str]:
        """Yield the parts of the answer to a dialogue as they are written; together they are that of `answer`."""
        tokens = self.encode(turns, options).tokens
        yield from self.writer.stream(tokens, find_key(tokens), options, seed)
