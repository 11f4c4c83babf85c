"""A model that writes, with everything that answers requests: readers of prompts, the queue of answers, counters."""

from __future__ import annotations

import asyncio
import contextlib
import functools
from collections.abc import AsyncGenerator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

from kerastune_ft.config.options.language.tasks import Generation
from kerastune_ft.data.dialogues.turns import Turn
from kerastune_ft.serving.body import HeldBytes
from kerastune_ft.serving.json_text import parse_json
from kerastune_ft.serving.limits import Limits
from kerastune_ft.serving.meters import Meters
from kerastune_ft.serving.writing.faults import BadParameter
from kerastune_ft.serving.writing.generations import Generations
from kerastune_ft.serving.writing.requests import Asked
from kerastune_ft.serving.writing.writer import Piece, Question, ServedWriter
from kerastune_ft.wording import counted

_READERS = 2


class WritingService:
    """A model that writes, and those who ask it."""

    def __init__(self, writer: ServedWriter, limits: Limits) -> None:
        self.model, self.limits = writer, limits
        self.meters = Meters(limits.shapes)
        self.held = HeldBytes(limits.max_bytes_at_once)
        self._generations = Generations(writer, limits.max_generations, limits.max_waiting, self.meters.batches.observe)
        self._readers = ThreadPoolExecutor(_READERS, "reader")
        self.meters.watch(
            "expected_answers", "Answers that are written or waited for.", lambda: self._generations.expected
        )
        self.meters.watch("held_bytes", "Bytes of the bodies of requests under way.", lambda: self.held.total)

    def start(self) -> None:
        """Warm the model up, and begin to answer."""
        self.model.warm()
        self._generations.start()

    def stop(self) -> None:
        """Write what was asked for to its end, and end the threads."""
        self._generations.stop()
        self._readers.shutdown(cancel_futures=True)

    @property
    def is_ready(self) -> bool:
        """Whether prompts are answered."""
        return self._generations.is_running

    async def parse(self, data: bytes) -> Any:
        """Return the value of a JSON text; raise Refusal for what is none."""
        return await self.run(parse_json, data)

    async def run(self, function: Any, *arguments: Any) -> Any:
        """Return what a function returns that takes too long for the loop of events, computed beside it."""
        return await asyncio.get_running_loop().run_in_executor(self._readers, functools.partial(function, *arguments))

    async def encode(self, asked: Asked) -> list[tuple[Sequence[int], Generation]]:
        """Return for each prompt its tokens, and how it is answered; raise Refusal for one that is too long."""
        return [await self.run(self._encode_one, turns, asked) for turns in asked.prompts]

    def _encode_one(self, turns: Sequence[Turn], asked: Asked) -> tuple[Sequence[int], Generation]:
        prompt = self.model.encode(turns)
        room, wanted = self.model.limit - len(prompt), asked.options.max_new_tokens
        if not len(prompt):
            raise BadParameter(asked.key, "it has no tokens; write something")
        if room < 1 or (asked.has_own_length and wanted > room):
            more = f" and {wanted} of its answer" if asked.has_own_length else ""
            raise BadParameter(
                asked.key,
                f"{counted(len(prompt), 'token')}{more} are more than the {self.model.limit} that this model takes for "
                "both; write less",
                "context_length_exceeded",
            )
        length = min(wanted, room, self.limits.max_new_tokens)
        return prompt, asked.options.model_copy(update={"max_new_tokens": length})

    async def write(
        self, prompt: Sequence[int], options: Generation, seed: int, is_answer: bool
    ) -> AsyncGenerator[Piece, None]:
        """Yield the pieces of an answer as they are written; white space before an answer is part of the template.

        Raises Refusal where too many wait.
        """
        is_begun = not is_answer
        async with contextlib.aclosing(self._generations.write(Question(prompt, options, seed))) as pieces:
            async for piece in pieces:
                text = piece.text if is_begun else piece.text.lstrip()
                is_begun = is_begun or bool(text)
                yield replace(piece, text=text)
