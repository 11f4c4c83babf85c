"""Answers to prompts: batches of few shapes, rows that end by themselves, texts that are read as they are written."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from kerastune_ft.config.options.language.tasks import Generation
from kerastune_ft.errors import DataError
from kerastune_ft.generation.decoding import TOKENS, Decoding
from kerastune_ft.generation.loop import Batch, Loop
from kerastune_ft.generation.sampling import Draws
from kerastune_ft.generation.texts import decode, find_stop, find_sure_part
from kerastune_ft.wording import counted

ROWS = 8
"""The most rows of a batch. Where each number is compiled, it is this or one, and rows are repeated to fill it."""
# Tokens between two looks at the texts that end answers, and between two parts of a text that is read meanwhile.
_LOOK, _PART = 16, 4
_LENGTHS = 4
_LEAST_LENGTH, _LEAST_ROOM = 16, 64


@dataclass(frozen=True)
class Answer:
    """What a model wrote."""

    text: str
    tokens: np.ndarray
    """Its tokens, int32, without the one that ended it."""
    ended: Literal["stop", "length"]
    """Whether the model, or a text that ends answers, ended it, or the most tokens were reached."""
    prompt_tokens: int


@dataclass(frozen=True)
class Part:
    """A part of an answer that is read while it is written."""

    text: str
    """What is new, which may be nothing yet."""
    tokens: int
    """How many tokens the answer has so far."""
    ended: Literal["stop", "length"] | None
    """What ended the answer; None where it goes on."""


@dataclass(frozen=True)
class Row:
    """A prompt, and how it is answered."""

    prompt: Any
    key: int
    options: Generation
    seed: int


@dataclass(frozen=True)
class Shape:
    """What is compiled for a row: those of one shape can be written in one batch, each as it would be alone."""

    length: int
    """What its prompt is padded to."""
    room: int
    """The most tokens of its answer, as far as what is compiled is decided by it."""


class Writer:
    """Writes answers with a model and its tokenizer."""

    def __init__(self, decoding: Decoding, tokenizer: Any, ends: Sequence[int]) -> None:
        """`ends` are the tokens that end an answer."""
        self.decoding, self.tokenizer = decoding, tokenizer
        self._ends = set(ends)
        self._loop = Loop(decoding, ends)

    @property
    def lengths(self) -> tuple[int, ...]:
        """Return the lengths that prompts are padded to, ascending: four, each twice the one before."""
        most = self.decoding.longest or self.decoding.positions
        sizes = {max(_LEAST_LENGTH, most >> shift) for shift in range(_LENGTHS)}
        return tuple(sorted(min(size, most) for size in sizes))

    def check(self, prompt: Any) -> None:
        """Raise DataError for a prompt that leaves no room for an answer."""
        count, most = self.decoding.count(prompt), self.decoding.positions
        if count >= most:
            raise DataError(
                f"the prompt has {counted(count, 'token')}, and the model has room for {most:,} with those of the "
                "answer; write a shorter one"
            )

    def generate(self, prompts: Sequence[Any], keys: Sequence[int], options: Generation, seed: int) -> list[Answer]:
        """Return the answer to each prompt; it depends on the prompt, its key, the options and the seed alone.

        Raises DataError for a prompt that leaves no room for an answer.
        """
        rows = [Row(prompt, key, options, seed) for prompt, key in zip(prompts, keys, strict=True)]
        found: dict[int, Answer] = {}
        for places in self._group(rows):
            part = [rows[place] for place in places]
            *_, last = self._write(part, _LOOK if options.stop else self.decoding.positions)
            for at, place in enumerate(places):
                found[place] = self._finish(last, at, options)
        return [found[place] for place in range(len(rows))]

    def stream(self, prompt: Any, key: int, options: Generation, seed: int) -> Iterator[str]:
        """Yield the parts of the answer to one prompt as they are written; together they are that of `generate`."""
        yield from (part.text for part in self.follow(prompt, key, options, seed) if part.text)

    def follow(self, prompt: Any, key: int, options: Generation, seed: int) -> Iterator[Part]:
        """Yield the parts of the answer to one prompt with what was written so far; the last one says what ended it."""
        for (part,) in self.follow_all([Row(prompt, key, options, seed)]):
            if part is not None:
                yield part

    def find_shape(self, prompt: Any, options: Generation) -> Shape:
        """Return what a row is compiled for."""
        room = max(_LEAST_ROOM, 1 << (options.max_new_tokens - 1).bit_length())
        return Shape(self._find_length([prompt]), room)

    def follow_all(
        self, rows: Sequence[Row], is_wanted: Callable[[int], bool] = lambda place: True
    ) -> Iterator[list[Part | None]]:
        """Yield parts of the answers to rows of one shape in a batch, as `follow` those of one.

        None stands for a row of which nothing was written meanwhile: one whose prompt is longer, or that has its answer
        already. `is_wanted` is asked with the place of a row whether its answer still is.
        """
        sent, is_over = [""] * len(rows), [False] * len(rows)
        for batch in self._write(rows, _PART):
            parts: list[Part | None] = []
            for place, row in enumerate(rows):
                is_silent = is_over[place] or batch.reached <= int(batch.counts[place])
                parts.append(None if is_silent else self._read_part(batch, place, row.options, sent))
                is_over[place] = bool(batch.done[place])
            yield parts
            for place in range(len(rows)):
                batch.done[place] |= not is_wanted(place)

    def _read_part(self, batch: Batch, place: int, options: Generation, sent: list[str]) -> Part:
        """Return what is new of a row, and note it in `sent`."""
        answer, is_done = self._finish(batch, place, options), bool(batch.done[place])
        sure = answer.text if is_done else find_sure_part(answer.text, options.stop or ())
        more = sure[len(sent[place]) :] if sure.startswith(sent[place]) else ""
        sent[place] += more
        return Part(more, len(answer.tokens), answer.ended if is_done else None)

    def answer(self, prompt: Any, options: Generation, seed: int) -> Answer:
        """Return the answer to one prompt, whose key is that of its content."""
        return self.generate([prompt], [find_key(prompt)], options, seed)[0]

    def _group(self, rows: Sequence[Row]) -> Iterator[list[int]]:
        """Yield the places of batches of rows of like lengths, so that none of them waits long for another."""
        ordered = sorted(range(len(rows)), key=lambda place: (self.decoding.measure(rows[place].prompt), place))
        for start in range(0, len(ordered), ROWS):
            yield ordered[start : start + ROWS]

    def _find_length(self, prompts: Sequence[Any]) -> int:
        longest = max(map(self.decoding.measure, prompts))
        return next((each for each in self.lengths if each >= longest), longest)

    def _write(self, rows: Sequence[Row], step: int) -> Iterator[Batch]:
        for row in rows:
            self.check(row.prompt)
        size = len(rows) if len(rows) == 1 or self.decoding.takes_any_rows else ROWS
        filled = [*rows, *[rows[0]] * (size - len(rows))]
        prompts = [row.prompt for row in filled]
        length, most = self._find_length(prompts), self.decoding.positions
        counts = np.array([self.decoding.count(each) for each in prompts], np.int32)
        # Of few sizes, as each is compiled; how long an answer may be is not decided by it.
        shape = self.find_shape(rows[0].prompt, rows[0].options)
        total = min(self.decoding.find_room(length, int(counts.max())) + shape.room, most)
        inputs = self.decoding.arrange(prompts, length, total)
        limits = np.minimum(counts + [row.options.max_new_tokens for row in filled], most).astype(np.int32)
        batch = Batch(inputs[TOKENS], counts, limits, np.arange(size) >= len(rows))
        draws = Draws.of([(row.seed, row.key, row.options) for row in filled])
        for _ in self._loop.write(inputs, batch, draws, step):
            for place in np.flatnonzero(~batch.done).tolist():
                stop = filled[place].options.stop or ()
                if stop and find_stop(self._decode_row(batch, place), stop) is not None:
                    batch.done[place] = True
            yield batch

    def _tokens(self, batch: Batch, place: int) -> np.ndarray:
        """Return the tokens that were written in a row, the one that ended it included."""
        end = min(batch.reached, int(batch.limits[place]))
        tokens = batch.tokens[place, batch.counts[place] : end]
        at = np.flatnonzero(np.isin(tokens, list(self._ends)))
        return tokens[: at[0] + 1] if len(at) else tokens

    def _decode_row(self, batch: Batch, place: int) -> str:
        tokens = self._tokens(batch, place)
        return decode(self.tokenizer, tokens[:-1] if self._has_end(tokens) else tokens)

    def _has_end(self, tokens: np.ndarray) -> bool:
        return len(tokens) > 0 and int(tokens[-1]) in self._ends

    def _finish(self, batch: Batch, place: int, options: Generation) -> Answer:
        tokens = self._tokens(batch, place)
        is_ended = self._has_end(tokens)
        own = tokens[:-1] if is_ended else tokens
        text = decode(self.tokenizer, own)
        at = find_stop(text, options.stop or ())
        if at is not None:
            own, text, is_ended = self._cut(own, options), text[:at], True
        return Answer(text, own.copy(), "stop" if is_ended else "length", int(batch.counts[place]))

    def _cut(self, tokens: np.ndarray, options: Generation) -> np.ndarray:
        """Return the fewest tokens whose text has one that ends answers."""
        low, high = 1, len(tokens)
        while low < high:
            middle = (low + high) // 2
            if find_stop(decode(self.tokenizer, tokens[:middle]), options.stop or ()) is None:
                low = middle + 1
            else:
                high = middle
        return tokens[:low]


def find_key(prompt: Any) -> int:
    """Return the key of a prompt by its content: the same prompt gets the same answer, wherever it stands.

    A prompt is an array, or a mapping or sequence of arrays.
    """
    digest = hashlib.sha256()
    for part in prompt.values() if isinstance(prompt, dict) else prompt if isinstance(prompt, tuple) else (prompt,):
        digest.update(np.ascontiguousarray(part).tobytes())
    return int.from_bytes(digest.digest()[:8], "little", signed=True)
