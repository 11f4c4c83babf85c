"""A finished run whose model writes, as a served model: its template and its steps, as `chat` uses them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from kerastune_ft.config.options.language.tasks import Generation
from kerastune_ft.config.run import RunConfig
from kerastune_ft.data.dialogues.turns import Turn
from kerastune_ft.generation.writer import find_key
from kerastune_ft.inference.language.open_writer import choose_generation, open_writer
from kerastune_ft.rundir import RunDirectory
from kerastune_ft.serving.limits import Limits
from kerastune_ft.serving.writing.writer import Piece


class RunWriter:
    """The model of a run that answers dialogues."""

    platform = "keras"

    def __init__(self, run: RunDirectory, config: RunConfig, name: str, limits: Limits) -> None:
        """Load the model. Raises ConfigError for a run whose model answers no texts."""
        self.name = name
        self._opened = open_writer(run, run.read_json("plan.json"))
        self.limit = self._opened.prompts.positions
        own = choose_generation(config, {})
        self.options = own.model_copy(update={"max_new_tokens": min(own.max_new_tokens, limits.max_new_tokens)})

    def encode(self, turns: Sequence[Turn]) -> Any:
        """Return the tokens of a dialogue that is to be answered, int32, whole however long it is."""
        return self._opened.prompts.encode(turns, _ALL).tokens

    def write(self, prompt: Any, options: Generation, seed: int) -> Iterator[Piece]:
        """Yield an answer as it is written; it depends on the prompt, the options and the seed alone."""
        for part in self._opened.writer.follow(prompt, find_key(prompt), options, seed):
            yield Piece(part.text, part.tokens, part.ended)

    def warm(self) -> None:
        """Write a token after prompts of every length, so that the usual way to write is compiled."""
        writer = self._opened.writer
        prompt = self.encode([Turn("user", "a")])
        for length in writer.lengths:
            longer = np.resize(prompt, max(1, min(length, self.limit - 1)))
            for _ in writer.follow(longer, 0, self.options, 0):
                break


# More tokens than any prompt has.
_ALL = 1 << 31
