"""A finished run whose model writes, as a served model: its template and its steps, as `chat` uses them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from kerastune_ft.config.run import RunConfig
from kerastune_ft.data.dialogues.turns import Turn
from kerastune_ft.generation.writer import Row, Shape, find_key
from kerastune_ft.inference.language.open_writer import choose_generation, open_writer
from kerastune_ft.rundir import RunDirectory
from kerastune_ft.serving.limits import Limits
from kerastune_ft.serving.writing.writer import Piece, Question


class RunWriter:
    """The model of a run that answers dialogues."""

    platform = "keras"

    def __init__(self, run: RunDirectory, config: RunConfig, name: str, limits: Limits) -> None:
        """Load the model. Raises ConfigError for a run whose model answers no texts."""
        self.name, self.rows = name, limits.batch_size
        self._opened = open_writer(run, run.read_json("plan.json"))
        self.limit = self._opened.prompts.positions
        own = choose_generation(config, {})
        self.options = own.model_copy(update={"max_new_tokens": min(own.max_new_tokens, limits.max_new_tokens)})

    def encode(self, turns: Sequence[Turn]) -> Any:
        """Return the tokens of a dialogue that is to be answered, int32, whole however long it is."""
        return self._opened.prompts.encode(turns, _ALL).tokens

    def fits(self, questions: Sequence[Question]) -> bool:
        """Return whether prompts are compiled alike, and none of them waits long until a longer one is read."""
        first, counts = questions[0], [len(question.prompt) for question in questions]
        return max(counts) - min(counts) <= _MOST_SPREAD and all(
            self._find_shape(question) == self._find_shape(first) for question in questions
        )

    def write(self, questions: Sequence[Question], is_wanted: Callable[[int], bool]) -> Iterator[list[Piece | None]]:
        """Yield answers as they are written; each depends on its prompt, its options and its seed alone."""
        rows = [
            Row(question.prompt, find_key(question.prompt), question.options, question.seed) for question in questions
        ]
        for parts in self._opened.writer.follow_all(rows, is_wanted):
            yield [None if part is None else Piece(part.text, part.tokens, part.ended) for part in parts]

    def warm(self) -> None:
        """Write a token after prompts of every length, so that the usual way to write is compiled."""
        writer = self._opened.writer
        prompt = self.encode([Turn("user", "a")])
        for length in writer.lengths:
            longer: Any = np.resize(prompt, max(1, min(length, self.limit - 1)))
            question = Question(longer, self.options, 0)
            for _ in self.write([question], lambda place: False):
                break

    def _find_shape(self, question: Question) -> Shape:
        return self._opened.writer.find_shape(question.prompt, question.options)


# More tokens than any prompt has.
_ALL = 1 << 31
# A batch begins after its shortest prompt, and goes through what is left of the longer ones token by token.
_MOST_SPREAD = 32
