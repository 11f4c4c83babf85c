"""Answers that are written at once: one thread has the model, and continues batches of them in turns, by pieces."""

from __future__ import annotations

import asyncio
import queue
import threading
from collections import deque
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass, field

from kerastune_ft.serving.refusal import BUSY, WAIT, Refusal
from kerastune_ft.serving.writing.writer import Piece, Question, ServedWriter
from kerastune_ft.streams import say_error

_END_SECONDS = 30.0
_FAILED = "the model failed on this prompt; see the server's log"


@dataclass(eq=False)
class _Order:
    """An answer that somebody waits for."""

    question: Question
    loop: asyncio.AbstractEventLoop
    pieces: asyncio.Queue[Piece | Refusal] = field(default_factory=asyncio.Queue)
    is_wanted: bool = True
    """Whether its client is still there, and it is not written to its end."""

    def deliver(self, piece: Piece | Refusal) -> None:
        """Hand a piece over to the loop of the request."""
        try:
            self.loop.call_soon_threadsafe(self.pieces.put_nowait, piece)
        except RuntimeError:
            # The loop was closed: nobody waits any more.
            self.is_wanted = False


class _Batch:
    """Answers that are written together."""

    def __init__(self, writer: ServedWriter, orders: Sequence[_Order]) -> None:
        self.orders = orders
        self._writing = writer.write([order.question for order in orders], lambda place: orders[place].is_wanted)

    @property
    def is_wanted(self) -> bool:
        """Whether somebody waits for one of them."""
        return any(order.is_wanted for order in self.orders)

    def go_on(self) -> bool:
        """Continue the answers by a piece, and return whether any of them goes on."""
        for order, piece in zip(self.orders, next(self._writing), strict=True):
            if piece is not None and order.is_wanted:
                order.is_wanted = piece.ending is None
                order.deliver(piece)
        return self.is_wanted

    def close(self) -> None:
        """Let what it holds go."""
        end: Callable[[], None] | None = getattr(self._writing, "close", None)
        if end is not None:
            end()


class Generations:
    """Lets a model write a few batches of answers in turns, the others waiting in their order.

    A batch takes what waits when it begins, and nothing joins it. So few batches make large ones.
    """

    def __init__(
        self,
        writer: ServedWriter,
        most: int,
        max_waiting: int,
        note: Callable[[int], None] = lambda rows: None,
    ) -> None:
        """`most` batches are written in turns; at most `max_waiting` answers wait.

        `note` is told the answers of each batch.
        """
        self._writer, self._most, self._max_waiting, self._note = writer, most, max_waiting, note
        self._queue: queue.SimpleQueue[_Order | None] = queue.SimpleQueue()
        self._waiting: deque[_Order] = deque()
        self._under_way: list[_Batch] = []
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

    async def write(self, question: Question) -> AsyncGenerator[Piece, None]:
        """Yield the pieces of an answer; it is written no further when nobody takes them any more.

        Raises Refusal where too many wait, and where the model fails.
        """
        if not self.is_running:
            raise Refusal(BUSY, "the model does not answer any more", WAIT)
        if self.expected >= self._most * self._writer.rows + self._max_waiting:
            raise Refusal(BUSY, f"{self.expected} answers are written or waited for already; come again", WAIT)
        order = _Order(question, asyncio.get_running_loop())
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
            order.is_wanted = False
            self.expected -= 1

    def _run(self) -> None:
        while not self._is_ending or self._under_way or self._waiting:
            self._take()
            while self._waiting and len(self._under_way) < self._most:
                self._begin(self._choose())
            for batch in list(self._under_way):
                if not (batch.is_wanted and self._go_on(batch)):
                    batch.close()
                    self._under_way.remove(batch)

    def _take(self) -> None:
        """Take what was asked for; wait where there is nothing to do."""
        while not self._queue.empty() or not (self._under_way or self._waiting or self._is_ending):
            order = self._queue.get()
            if order is None:
                self._is_ending = True
            else:
                self._waiting.append(order)

    def _choose(self) -> list[_Order]:
        """Take from those that wait the first one, and what can be written with it."""
        chosen: list[_Order] = []
        for order in list(self._waiting):
            if len(chosen) == self._writer.rows:
                break
            if not order.is_wanted:
                self._waiting.remove(order)
            elif self._writer.fits([*(one.question for one in chosen), order.question]):
                chosen.append(order)
                self._waiting.remove(order)
        return chosen

    def _begin(self, orders: Sequence[_Order]) -> None:
        """Begin a batch, and write its first piece; what is wrong with one is not held against the others."""
        if not orders:
            return
        batch = _Batch(self._writer, orders)
        try:
            goes_on = batch.go_on()
        except Exception as fault:
            batch.close()
            if len(orders) == 1:
                self._refuse(orders, fault)
            else:
                for order in orders:
                    self._begin([order])
            return
        self._note(len(orders))
        if goes_on:
            self._under_way.append(batch)
        else:
            batch.close()

    def _go_on(self, batch: _Batch) -> bool:
        """Continue a batch by a piece, and return whether it goes on."""
        try:
            return batch.go_on()
        except Exception as fault:
            self._refuse(batch.orders, fault)
            return False

    def _refuse(self, orders: Sequence[_Order], fault: Exception) -> None:
        say_error(f"serve: {type(fault).__name__}: {' '.join(str(fault).split())[:300]}")
        for order in orders:
            if order.is_wanted:
                order.deliver(Refusal(500, _FAILED))
