"""Natural batching: one thread has the model, and takes whatever waits when it is free, without a timer."""

from __future__ import annotations

import asyncio
import contextlib
import queue
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from kerastune_ft.serving.outputs import Answer
from kerastune_ft.serving.refusal import BUSY, WAIT, Refusal

_END_SECONDS = 30.0


@dataclass(frozen=True)
class _Waiting:
    example: Any
    loop: asyncio.AbstractEventLoop
    answer: asyncio.Future[Answer]


class Batcher:
    """Answers examples of any number of requests in batches of few sizes."""

    def __init__(
        self,
        answer: Callable[[Sequence[Any]], Sequence[Answer]],
        max_waiting: int,
        note: Callable[[int], None] = lambda size: None,
    ) -> None:
        """`answer` is called in one thread of its own; `note` is told the size of each batch."""
        self._compute, self._note = answer, note
        self._shapes: tuple[int, ...] = (1,)
        self._max_waiting = max_waiting
        self._queue: queue.SimpleQueue[_Waiting | None] = queue.SimpleQueue()
        self.waiting = 0
        """The number of examples that are expected or handed over, and not answered."""
        self._thread = threading.Thread(target=self._run, name="model", daemon=True)

    def start(self, shapes: Sequence[int]) -> None:
        """Start the thread, for batches of these sizes.

        A batch has the largest of them that can be filled, as padding would be computed for nothing.
        """
        self._shapes = tuple(shapes)
        self._thread.start()

    @property
    def is_running(self) -> bool:
        """Whether there is somebody to answer."""
        return self._thread.is_alive()

    def stop(self) -> None:
        """Answer what waits, and end the thread."""
        self._queue.put(None)
        self._thread.join(_END_SECONDS)

    @contextlib.contextmanager
    def expect(self, count: int) -> Iterator[None]:
        """Count examples as waiting, from before they are read; raise Refusal where so many more are too many."""
        if not self.is_running:
            raise Refusal(BUSY, "the model does not answer any more", WAIT)
        if self.waiting + count > self._max_waiting:
            raise Refusal(BUSY, f"{self.waiting} inputs wait already; come again", WAIT)
        self.waiting += count
        try:
            yield
        finally:
            self.waiting -= count

    async def answer(self, example: Any) -> Answer:
        """Return the answer of an example; raise what the model raised for it alone."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Answer] = loop.create_future()
        self._queue.put(_Waiting(example, loop, future))
        return await future

    def _run(self) -> None:
        while (first := self._queue.get()) is not None:
            batch, is_last = [first], False
            # Nobody else takes any, so that as many are there.
            most = 1 + self._queue.qsize()
            for _ in range(max((shape for shape in self._shapes if shape <= most), default=1) - 1):
                one = self._queue.get()
                if one is None:
                    is_last = True
                    break
                batch.append(one)
            self._answer_batch([one for one in batch if not one.answer.cancelled()])
            if is_last:
                return

    def _answer_batch(self, batch: list[_Waiting]) -> None:
        if not batch:
            return
        self._note(len(batch))
        try:
            answers = self._compute([one.example for one in batch])
            if len(answers) != len(batch):
                raise RuntimeError(f"{len(answers)} answers to {len(batch)} inputs")
        except Exception as error:
            if len(batch) == 1:
                _deliver(batch, [error])
                return
            # So that what is wrong with one is not held against the others.
            for one in batch:
                self._answer_batch([one])
            return
        _deliver(batch, answers)


def _deliver(batch: list[_Waiting], answers: Sequence[Answer | Exception]) -> None:
    by_loop: dict[asyncio.AbstractEventLoop, list[tuple[asyncio.Future[Answer], Any]]] = {}
    for one, answer in zip(batch, answers, strict=True):
        by_loop.setdefault(one.loop, []).append((one.answer, answer))
    for loop, pairs in by_loop.items():
        try:
            loop.call_soon_threadsafe(_settle, pairs)
        except RuntimeError:
            # The loop was closed: nobody waits any more.
            continue


def _settle(pairs: list[tuple[asyncio.Future[Answer], Any]]) -> None:
    for future, answer in pairs:
        if future.done():
            continue
        if isinstance(answer, Exception):
            future.set_exception(answer)
        else:
            future.set_result(answer)
