"""Finds the hidden word of texts: the likeliest tokens in the place of the mask token, a row for each text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from kerastune_ft.backbones.language.masked_input import MASK_NAME, MaskedInput, read_masking
from kerastune_ft.backbones.run import tokenizer_of
from kerastune_ft.backbones.text_input import PADDING_MASK, TOKEN_IDS
from kerastune_ft.config.run import RunConfig
from kerastune_ft.errors import ConfigError
from kerastune_ft.inference.items import Item, Listing
from kerastune_ft.inference.language.answer_predictor import refuse_forms
from kerastune_ft.inference.output.form import PLAIN, OutputForm
from kerastune_ft.inference.predictor import Predictor
from kerastune_ft.inference.read_options import ReadOptions
from kerastune_ft.inference.run_model import ERROR, Row
from kerastune_ft.inference.text_inputs import list_texts
from kerastune_ft.input.texts.row_settings import RowSettings
from kerastune_ft.input.texts.tokenise import has_vocabulary, tokenise_texts
from kerastune_ft.rundir import RunDirectory
from kerastune_ft.saved_model.build import load_model
from kerastune_ft.wording import counted

_COLUMNS = ("input", "text", "word", "probability", "others", ERROR)
_OTHERS = 4
# What tokenizers write before a token that a blank precedes; a token that goes on with a word begins with two signs.
_BLANKS, _GOES_ON = "\u0120\u2581", "##"


class HiddenWordPredictor(Predictor):
    """Fills in the one word of a text that its mask token, or [MASK], stands for."""

    def __init__(self, run: RunDirectory, config: RunConfig, plan: Mapping[str, Any], form: OutputForm = PLAIN) -> None:
        """Load model and tokenizer; raise ConfigError where the run has none, or for what such rows cannot have."""
        refuse_forms(form)
        if form.top is not None:
            raise ConfigError(
                "--top has no effect on hidden words, of which the likeliest five are given; leave it out"
            )
        self._settings = RowSettings.from_plan(plan["text"], tokenizer_of(run, plan))
        self._given = MaskedInput.of(self._settings.text)
        self._words = self._given.list_words()
        self._names = tuple(dict.fromkeys((read_masking(self._given)["mask_name"], MASK_NAME)))
        model = load_model(run)
        self._outputs = tf.function(lambda rows: model(rows, training=False), autograph=False)
        self.choice_notes = []
        self.columns, self.input_columns = _COLUMNS, ("input",)
        self._done = self._cut = 0

    @classmethod
    def list_inputs(cls, inputs: Sequence[Any], options: ReadOptions, plan: Mapping[str, Any]) -> list[Listing]:
        """Return a listing of texts for each input."""
        return list_texts(inputs, options, 1)

    def batches(self, items: Iterable[Item], size: int) -> Iterator[list[Row]]:
        """Yield lists of rows, in order; texts are computed one by one, each padded as in training."""
        self._done = self._cut = 0
        for item in items:
            yield self.answer([item], 1)

    def read(self, item: Item) -> Item:
        """Return the item: texts are read where they are answered."""
        return item

    def answer(self, read: Sequence[Item], shape: int) -> list[Row]:
        """Return a row for each text."""
        return [self._fill(item) for item in read]

    def notes(self) -> list[str]:
        """Return how many texts were cut."""
        if not self._cut:
            return []
        verb = "was" if self._cut == 1 else "were"
        done = counted(self._done, "text")
        return [f"{self._cut} of {done} {verb} cut to the {self._settings.limit} tokens around the mask"]

    def _fill(self, item: Item) -> Row:
        empty: Row = dict.fromkeys(_COLUMNS)
        problem, texts = item.problem, item.texts or ("",)
        (text,) = texts
        found = [name for name in self._names for _ in range(text.count(name))]
        if problem is None and len(found) != 1:
            problem = (
                f"has no {self._names[0]}: write it once, where a word is to be found"
                if not found
                else f"has {len(found)} hidden words, and each is found by what is known of the others: write one"
            )
        if problem is not None:
            return empty | {"input": item.name, ERROR: problem}
        self._done += 1
        before, _, after = text.partition(found[0])
        chances = self._compute(before, after)
        best = np.argsort(-chances, kind="stable")[: 1 + _OTHERS]
        words = [self._name(int(self._words[place])) for place in best]
        others = ", ".join(f"{word} {chances[place]:.4f}" for word, place in zip(words[1:], best[1:], strict=True))
        filled = (
            f"{before.rstrip() if words[0].startswith(_GOES_ON) else before}{words[0].removeprefix(_GOES_ON)}{after}"
        )
        return {
            "input": item.name,
            "text": filled,
            "word": words[0],
            "probability": float(chances[best[0]]),
            "others": others,
            ERROR: None,
        }

    def _compute(self, before: str, after: str) -> np.ndarray:
        """Return the probability of each word in the place of the mask, float64, in the order of the words."""
        given, settings = self._given, self._settings
        # The blank before a word is part of its token in many vocabularies.
        parts = [before.rstrip() if has_vocabulary(given.tokenizer) else before, after]
        first, last = tokenise_texts(given.tokenizer, parts)[0], tokenise_texts(given.tokenizer, parts)[1]
        room = settings.limit - given.special(1) - 1
        self._cut += len(first) + len(last) > room
        kept = min(len(first), max(room // 2, room - len(last)))
        first, last = first[len(first) - kept :], last[: room - kept]
        row = np.array([*given.start, *first, given.mask, *last, *given.end], np.int32)
        size = next(size for size in settings.sizes if size >= len(row))
        inputs = {name: np.zeros((1, size), np.int32) for name in given.names}
        inputs[TOKEN_IDS][:] = given.pad
        inputs[TOKEN_IDS][0, : len(row)] = row
        inputs[PADDING_MASK][0, : len(row)] = 1
        scores = np.asarray(self._outputs(tf.nest.map_structure(tf.convert_to_tensor, inputs)), np.float64)
        own = scores[0, len(given.start) + len(first), self._words]
        chances = np.exp(own - own.max())
        return chances / chances.sum()

    def _name(self, token: int) -> str:
        tokenizer = self._given.tokenizer
        if not has_vocabulary(tokenizer):
            return chr(token)
        return str(tokenizer.id_to_token(token)).lstrip(_BLANKS)
