"""Answers that are written at once: in turns, in their order, and not for clients that have gone away."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterator

import pytest

from kerastune_ft.serving.refusal import Refusal
from kerastune_ft.serving.writing.generations import Generations
from kerastune_ft.serving.writing.writer import Piece


class Noting:
    """Answers of so many pieces, with a note of which was continued when and which was closed."""

    def __init__(self) -> None:
        self.steps: list[str] = []
        self.closed: list[str] = []

    def write(self, name: str, pieces: int) -> Iterator[Piece]:
        try:
            for place in range(pieces):
                self.steps.append(name)
                yield Piece(name, place + 1, "stop" if place == pieces - 1 else None)
        finally:
            self.closed.append(name)


async def take(pieces: AsyncGenerator[Piece, None]) -> str:
    return "".join([piece.text async for piece in pieces])


def test_a_few_are_written_in_turns_and_the_others_wait() -> None:
    noting, generations = Noting(), Generations(2, 10)

    async def ask() -> list[str]:
        asked = [take(generations.write(lambda name=name: noting.write(name, 3))) for name in "abc"]  # type: ignore[misc]
        tasks = [asyncio.ensure_future(each) for each in asked]
        while generations.expected < 3:
            await asyncio.sleep(0)
        assert generations._queue.qsize() == 3
        generations.start()
        # It does not run before it is started.
        return await asyncio.gather(*tasks)

    running = pytest.MonkeyPatch()
    running.setattr(Generations, "is_running", True)
    found = asyncio.run(ask())
    running.undo()
    generations.stop()
    assert found == ["aaa", "bbb", "ccc"]
    assert noting.steps == list("ababab") + list("ccc")
    assert noting.closed == list("abc")
    assert not generations.is_running and generations.expected == 0


def test_a_client_that_goes_away_ends_its_answer() -> None:
    noting, generations = Noting(), Generations(1, 10)
    generations.start()

    async def ask() -> str:
        pieces = generations.write(lambda: noting.write("a", 1_000_000))
        assert (await anext(pieces)).tokens == 1
        await pieces.aclose()
        return await take(generations.write(lambda: noting.write("b", 2)))

    assert asyncio.run(ask()) == "bb"
    generations.stop()
    assert noting.closed == ["a", "b"]
    assert noting.steps.count("a") < 1_000_000


def test_too_many_and_faults_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    generations = Generations(1, 0)

    def fail() -> Iterator[Piece]:
        raise RuntimeError("no weights")
        yield

    async def ask() -> None:
        with pytest.raises(Refusal) as refused:
            await anext(generations.write(fail))
        assert refused.value.status == 503
        generations.start()
        with pytest.raises(Refusal) as refused:
            await anext(generations.write(fail))
        assert (refused.value.status, "no weights" in refused.value.text) == (500, False)
        noting = Noting()
        first = generations.write(lambda: noting.write("a", 1_000_000))
        await anext(first)
        with pytest.raises(Refusal) as refused:
            await anext(generations.write(lambda: noting.write("b", 1)))
        assert refused.value.status == 503
        await first.aclose()

    asyncio.run(ask())
    generations.stop()
    assert "RuntimeError: no weights" in capsys.readouterr().err
