"""Answers that are written at once: one thread has the model, and continues each of them in turn by a piece."""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import AsyncGenerator, Callable, Iterator
from dataclasses import dataclass, field

from kerastune_ft.serving.refusal import BUSY, WAIT, Refusal
from kerastune_ft.serving.writing.writer import Piece
from kerastune_ft.streams import say_error

_END_SECONDS = 30.0
_FAILED = "the model failed on this prompt; see the server's log"
Begin = Callable[[], Iterator[Piece]]


@dataclass(eq=False)
class _Order:
    """An answer that somebody waits for."""

    begin: Begin
    loop: asyncio.AbstractEventLoop
    pieces: asyncio.Queue[Piece | Refusal] = field(default_factory=asyncio.Queue)
    is_unwanted: bool = False
    """Whether its client has gone away."""
    writing: Iterator[Piece] | None = None

    def deliver(self, piece: Piece | Refusal) -> None:
        """Hand a piece over to the loop of the request."""
        try:
            self.loop.call_soon_threadsafe(self.pieces.put_nowait, piece)
        except RuntimeError:
            # The loop was closed: nobody waits any more.
            self.is_unwanted = True


class Generations:
    """Lets a model write a few answers at once, the others waiting in their order."""

    def __init__(self, most: int, max_waiting: int) -> None:
        """`most` are written at once; at most `max_waiting` wait besides."""
        self._most, self._max_waiting = most, max_waiting
        self._queue: queue.SimpleQueue[_Order | None] = queue.SimpleQueue()
        self._under_way: list[_Order] = []
        self._is_ending = False
        self.expected = 0
        """The number of answers that are written or waited for."""
        self._thread = threading.Thread(target=self._run, name="model", daemon=True)

    def start(self) -> None:
        """Start the thread that has the model."""
        self._thread.start()

    @property
    def is_running(self) -> bool:
        """Whether there is somebody to write."""
        return self._thread.is_alive()

    def stop(self) -> None:
        """Write what was asked for before to its end, and end the thread."""
        self._queue.put(None)
        self._thread.join(_END_SECONDS)

    async def write(self, begin: Begin) -> AsyncGenerator[Piece, None]:
        """Yield the pieces of an answer; it is written no further when nobody takes them any more.

        Raises Refusal where too many wait, and where the model fails.
        """
        if not self.is_running:
            raise Refusal(BUSY, "the model does not answer any more", WAIT)
        if self.expected >= self._most + self._max_waiting:
            raise Refusal(BUSY, f"{self.expected} answers are written or waited for already; come again", WAIT)
        order = _Order(begin, asyncio.get_running_loop())
        self.expected += 1
        try:
            self._queue.put(order)
            while True:
                piece = await order.pieces.get()
                if isinstance(piece, Refusal):
                    raise piece
                yield piece
                if piece.ending is not None:
                    return
        finally:
            order.is_unwanted = True
            self.expected -= 1

    def _run(self) -> None:
        while not self._is_ending or self._under_way or not self._queue.empty():
            self._take()
            for order in list(self._under_way):
                if not self._go_on(order):
                    self._under_way.remove(order)

    def _take(self) -> None:
        """Begin what waits, as far as there is room; wait where nothing is under way."""
        while len(self._under_way) < self._most and not (self._queue.empty() and (self._under_way or self._is_ending)):
            order = self._queue.get()
            if order is None:
                self._is_ending = True
            elif not order.is_unwanted:
                self._under_way.append(order)

    def _go_on(self, order: _Order) -> bool:
        """Continue an answer by a piece, and return whether it goes on."""
        if order.is_unwanted:
            close(order.writing)
            return False
        try:
            if order.writing is None:
                order.writing = order.begin()
            piece = next(order.writing)
        except Refusal as refusal:
            order.deliver(refusal)
            return False
        except Exception as fault:
            say_error(f"serve: {type(fault).__name__}: {' '.join(str(fault).split())[:300]}")
            order.deliver(Refusal(500, _FAILED))
            return False
        order.deliver(piece)
        if piece.ending is None:
            return True
        close(order.writing)
        return False


def close(writing: Iterator[Piece] | None) -> None:
    """Let an iterator go, with what it holds."""
    end = getattr(writing, "close", None)
    if end is not None:
        end()
