"""Answers inputs: measured and read in threads, computed in batches, each with its own answer or refusal."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import math
import os
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from kerastune_ft.serving.batching import Batcher
from kerastune_ft.serving.body import HeldBytes
from kerastune_ft.serving.inputs import Given
from kerastune_ft.serving.json_text import parse_json
from kerastune_ft.serving.limits import Limits
from kerastune_ft.serving.meters import Meters
from kerastune_ft.serving.model import ServedModel
from kerastune_ft.serving.outputs import Answer, Output, make_outputs
from kerastune_ft.serving.refusal import TOO_LARGE, UNREADABLE, Refusal
from kerastune_ft.streams import say, say_error

# Shares of a limit are counted in whole parts, which add up to what they were.
_PARTS = 1 << 20
_LONG_JSON = 1 << 18
_FEWEST_READERS, _MOST_READERS = 2, 8
# How the speeds of sizes of batches are compared: measured so often, equal up to so much, and below this anyway.
_TIMES, _ABOUT, _TOO_SHORT = 3, 1.1, 1e-4
VERSION = "1"
"""The version of the model in the protocols, of which there is one."""


def choose_shapes(seconds: Mapping[int, float]) -> tuple[int, ...]:
    """Return the sizes of batches to compute, up to the largest that is about as fast as the fastest.

    `seconds` are those of an input by the size of its batch.
    """
    best = max(min(seconds.values()), _TOO_SHORT)
    largest = max(shape for shape, each in seconds.items() if each <= _ABOUT * best)
    return tuple(sorted(shape for shape in seconds if shape <= largest))


def _measure(model: ServedModel, example: Any, shape: int) -> float:
    """Return the least CPU time of an input in a batch of this size."""
    found = []
    for _ in range(_TIMES):
        begin = time.process_time()
        model.answer([example] * shape)
        found.append((time.process_time() - begin) / shape)
    return min(found)


class Room:
    """Lets as many inputs be read and answered at once as take together what one of them may take, in their order."""

    def __init__(self) -> None:
        self._taken, self._turn, self._freed = 0, asyncio.Lock(), asyncio.Event()

    @contextlib.asynccontextmanager
    async def take(self, share: float) -> AsyncIterator[None]:
        """Wait until there is room for an input that takes this share, at most 1, of its limit."""
        parts = math.ceil(share * _PARTS)
        async with self._turn:
            while self._taken + parts > _PARTS:
                self._freed.clear()
                await self._freed.wait()
            self._taken += parts
        try:
            yield
        finally:
            self._taken -= parts
            self._freed.set()


class Service:
    """A model with everything that answers requests of any protocol."""

    def __init__(
        self, model: ServedModel, limits: Limits, threads: int = 1, shapes: Sequence[int] | None = None
    ) -> None:
        """`threads` is how many of the cores the model uses; inputs are read on the others.

        `shapes` are the sizes of batches to try; by default those of `limits`.
        """
        self.model, self.limits = model, limits
        self._shapes = tuple(shapes or limits.shapes)
        self.meters = Meters(limits.shapes)
        self.held = HeldBytes(limits.max_bytes_at_once)
        self._batcher = Batcher(model.answer, limits.max_waiting, self.meters.batches.observe)
        readers = max(_FEWEST_READERS, min(_MOST_READERS, (os.cpu_count() or 1) - threads))
        self._readers = ThreadPoolExecutor(readers, "reader")
        self._room = Room()
        self._outputs: tuple[Output, ...] = ()
        self.meters.watch("waiting_inputs", "Inputs that wait for the model.", lambda: self._batcher.waiting)
        self.meters.watch("held_bytes", "Bytes of the bodies of requests under way.", lambda: self.held.total)

    def start(self) -> None:
        """Warm the model up in all sizes of batches, choose those that are worth it, and begin to answer."""
        example = self.model.read(self.model.form.sample)
        self.model.warm(example, self._shapes)
        shapes = choose_shapes({shape: _measure(self.model, example, shape) for shape in self._shapes})
        if shapes != self._shapes:
            say(f"batches of up to {shapes[-1]}: larger ones take more time for each input here")
        (answer,) = self.model.answer([example])
        self._outputs = make_outputs(answer, self.model.classes)
        self._batcher.start(shapes)

    def stop(self) -> None:
        """Answer what waits, and end the threads."""
        self._batcher.stop()
        self._readers.shutdown(cancel_futures=True)

    @property
    def is_ready(self) -> bool:
        """Whether inputs are answered."""
        return self._batcher.is_running

    @property
    def outputs(self) -> tuple[Output, ...]:
        """The outputs of the model, as its first answer has them."""
        return self._outputs

    def check_count(self, count: int) -> None:
        """Raise Refusal for more inputs than a request may have."""
        if count > self.limits.max_instances:
            raise Refusal(TOO_LARGE, f"more than {self.limits.max_instances} inputs (--max-instances)")

    async def answer(self, inputs: Sequence[Given | Refusal]) -> list[list[Any] | Refusal]:
        """Return for each input the values of the outputs, or its refusal; a refusal stays what it is.

        Raises Refusal for more inputs than a request may have, or than may wait at the moment.
        """
        self.check_count(len(inputs))
        with self._batcher.expect(len(inputs)):
            answers = list(await asyncio.gather(*map(self._answer_one, inputs)))
        for each in answers:
            self.meters.inputs.labels(str(each.status) if isinstance(each, Refusal) else "200").inc()
        return answers

    async def answer_whole(self, given: Any) -> Answer:
        """Return what the model says of one input, all of it; raise Refusal where it is not answered."""
        with self._batcher.expect(1):
            try:
                answer = await self._compute(given)
            except Refusal as refusal:
                self.meters.inputs.labels(str(refusal.status)).inc()
                raise
        self.meters.inputs.labels("200").inc()
        return answer

    async def parse(self, data: bytes) -> Any:
        """Return the value of a JSON text; raise Refusal for what is none."""
        # A few milliseconds for a megabyte, in which no other request would be answered.
        return parse_json(data) if len(data) < _LONG_JSON else await self.run(parse_json, data)

    async def run(self, function: Any, *arguments: Any) -> Any:
        """Return what a function returns that takes too long for the loop of events, computed beside it."""
        return await asyncio.get_running_loop().run_in_executor(self._readers, functools.partial(function, *arguments))

    async def _answer_one(self, given: Given | Refusal) -> list[Any] | Refusal:
        if isinstance(given, Refusal):
            return given
        try:
            return await self._pick(await self._compute(given))
        except Refusal as refusal:
            return refusal

    async def _compute(self, given: Given) -> Answer:
        """Return what the model says of an input; raise Refusal where it cannot be read, or the model fails on it."""
        try:
            share = await self.run(self.model.form.measure, given, self.limits)
            async with self._room.take(share):
                example = await self.run(self._read_input, given)
                return await self._batcher.answer(example)
        except Refusal:
            raise
        except Exception as fault:
            say_error(f"serve: {type(fault).__name__}: {' '.join(str(fault).split())[:300]}")
            raise Refusal(500, "the model failed on this input; see the server's log") from fault

    def _read_input(self, given: Given) -> Any:
        try:
            return self.model.read(given)
        except ValueError as problem:
            raise Refusal(UNREADABLE, " ".join(str(problem).split())[:300] or "cannot be read") from problem

    async def _pick(self, answer: Answer) -> list[Any]:
        if any(output.is_file for output in self._outputs):
            return await self.run(self._pick_all, answer)
        return self._pick_all(answer)

    def _pick_all(self, answer: Answer) -> list[Any]:
        values = [output.pick(answer) for output in self._outputs]
        for output, value in zip(self._outputs, values, strict=True):
            if output.is_number and not np.isfinite(value).all():
                # JSON has no such numbers, and the other inputs of a request have their answers.
                raise Refusal(500, f"the model's {output.name} for this input is not finite")
        return values
