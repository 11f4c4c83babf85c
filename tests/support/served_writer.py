"""A model for the tests of the server that writes without computing anything, and clients of it."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Generator, Iterator, Sequence
from functools import partial

from kerastune_ft.config.options.language.tasks import Generation
from kerastune_ft.data.dialogues.turns import Turn
from kerastune_ft.serving.guard import HostRule
from kerastune_ft.serving.limits import Limits
from kerastune_ft.serving.writing.app import make_app
from kerastune_ft.serving.writing.service import WritingService
from kerastune_ft.serving.writing.writer import Piece, Question
from tests.support.processes import HANG
from tests.support.served import Client, listen

LIMIT = 40


class StandInWriter:
    """Says the last words again, one at a time, with the seed where it draws; a word is a token."""

    name, platform, limit, rows = "parrot", "stand-in", LIMIT, 1

    def __init__(self) -> None:
        self.options = Generation()
        self.asked: list[tuple[tuple[Turn, ...], Generation, int]] = []
        self.open, self.most_open, self.written = 0, 0, 0
        self.gate = threading.Event()
        self.gate.set()
        self._prompts: list[tuple[Turn, ...]] = []

    def encode(self, turns: Sequence[Turn]) -> list[int]:
        self._prompts.append(tuple(turns))
        return [len(self._prompts) - 1] * sum(len(turn.content.split()) for turn in turns)

    def fits(self, questions: Sequence[Question]) -> bool:
        return len({len(question.prompt) for question in questions}) == 1

    def write(self, questions: Sequence[Question], is_wanted: Callable[[int], bool]) -> Iterator[list[Piece | None]]:
        rows = [self._write_one(*(each.prompt, each.options, each.seed)) for each in questions]
        while any(pieces := [self._go_on(row, is_wanted(place)) for place, row in enumerate(rows)]):
            yield pieces

    def _go_on(self, row: Generator[Piece], is_wanted: bool) -> Piece | None:
        if is_wanted:
            return next(row, None)
        row.close()
        return None

    def _write_one(self, prompt: Sequence[int], options: Generation, seed: int) -> Generator[Piece]:
        turns = self._prompts[prompt[0]]
        self.asked.append((turns, options, seed))
        words = turns[-1].content.split() + ([str(seed)] if options.temperature else [])
        self.open += 1
        self.most_open = max(self.most_open, self.open)
        try:
            for place, word in enumerate(words):
                self.gate.wait(HANG)
                if word == "fail":
                    raise RuntimeError("no weights")
                self.written += 1
                ends = word in (options.stop or ()) or place == len(words) - 1
                full = place + 1 == options.max_new_tokens
                text = "" if word in (options.stop or ()) else f"{word} " if place else f" {word} "
                yield Piece(text, place + 1, "stop" if ends else "length" if full else None)
                if ends or full:
                    return
        finally:
            self.open -= 1

    def warm(self) -> None:
        self.encode([Turn("text", "a")])


@contextlib.contextmanager
def start_writer(writer: StandInWriter | None = None, limits: Limits | None = None) -> Iterator[WritingService]:
    """Give a service that answers, and end it."""
    service = WritingService(writer or StandInWriter(), limits or Limits())
    service.start()
    try:
        yield service
    finally:
        service.stop()


listen_writer = partial(listen, make=make_app)


class WriterClient(Client):
    """Asks an application of a model that writes without a network."""

    def __init__(self, service: WritingService, token: str | None = None) -> None:
        self.app = make_app(service, HostRule((), True), token)
