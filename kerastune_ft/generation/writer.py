"""Answers to prompts: batches of few shapes, rows that end by themselves, texts that are read as they are written."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from kerastune_ft.config.options.language.tasks import Generation
from kerastune_ft.errors import DataError
from kerastune_ft.generation.decoding import TOKENS, Decoding
from kerastune_ft.generation.loop import Batch, Loop
from kerastune_ft.generation.texts import decode, find_stop, find_sure_part
from kerastune_ft.wording import counted

ROWS = 8
"""Rows of a batch; one prompt alone is a batch of one."""
# Tokens between two looks at the texts that end answers, and between two parts of a text that is read meanwhile.
_LOOK, _PART = 16, 4
_LENGTHS = 4
_LEAST_LENGTH = 16


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
    """A prompt, and where it stands among those that were given."""

    number: int
    prompt: Any
    key: int


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
        rows = [Row(number, *pair) for number, pair in enumerate(zip(prompts, keys, strict=True))]
        found: dict[int, Answer] = {}
        for part in self._group(rows):
            *_, last = self._write(part, options, seed, _LOOK if options.stop else self.decoding.positions)
            for place, row in enumerate(part):
                found[row.number] = self._finish(last, place, options)
        return [found[number] for number in range(len(rows))]

    def stream(self, prompt: Any, key: int, options: Generation, seed: int) -> Iterator[str]:
        """Yield the parts of the answer to one prompt as they are written; together they are that of `generate`."""
        yield from (part.text for part in self.follow(prompt, key, options, seed) if part.text)

    def follow(self, prompt: Any, key: int, options: Generation, seed: int) -> Iterator[Part]:
        """Yield the parts of the answer to one prompt with what was written so far; the last one says what ended it."""
        sent = ""
        for batch in self._write([Row(0, prompt, key)], options, seed, _PART):
            answer, is_done = self._finish(batch, 0, options), bool(batch.done[0])
            sure = answer.text if is_done else find_sure_part(answer.text, options.stop or ())
            more = sure[len(sent) :] if sure.startswith(sent) else ""
            sent += more
            yield Part(more, len(answer.tokens), answer.ended if is_done else None)

    def answer(self, prompt: Any, options: Generation, seed: int) -> Answer:
        """Return the answer to one prompt, whose key is that of its content."""
        return self.generate([prompt], [find_key(prompt)], options, seed)[0]

    def _group(self, rows: Sequence[Row]) -> Iterator[list[Row]]:
        """Yield batches of rows of like lengths, so that none of them waits long for another."""
        ordered = sorted(rows, key=lambda row: (self.decoding.measure(row.prompt), row.number))
        step = 1 if len(rows) == 1 else ROWS
        for start in range(0, len(ordered), step):
            yield ordered[start : start + step]

    def _write(self, rows: Sequence[Row], options: Generation, seed: int, step: int) -> Iterator[Batch]:
        for row in rows:
            self.check(row.prompt)
        size = 1 if len(rows) == 1 else ROWS
        filled = [*rows, *[rows[0]] * (size - len(rows))]
        prompts = [row.prompt for row in filled]
        longest = max(map(self.decoding.measure, prompts))
        length = next((each for each in self.lengths if each >= longest), longest)
        counts = np.array([self.decoding.count(each) for each in prompts], np.int32)
        most = self.decoding.positions
        room = self.decoding.find_room(length, int(counts.max()))
        # Of few sizes, as each is compiled; how long an answer may be is not decided by it.
        total = min(room + (1 << (options.max_new_tokens - 1).bit_length()), most)
        inputs = self.decoding.arrange(prompts, length, total)
        limits = np.minimum(counts + options.max_new_tokens, most).astype(np.int32)
        batch = Batch(inputs[TOKENS], counts, limits, np.arange(size) >= len(rows))
        for _ in self._loop.write(inputs, batch, [row.key for row in filled], options, seed, step):
            for place in np.flatnonzero(~batch.done).tolist() if options.stop else ():
                if find_stop(self._decode_row(batch, place), options.stop or ()) is not None:
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
