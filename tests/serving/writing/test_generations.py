"""Answers that are written at once: in batches and turns, in their order, and not for clients that have gone away."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence

import pytest

from kerastune_ft.config.options.language.tasks import Generation
from kerastune_ft.serving.refusal import Refusal
from kerastune_ft.serving.writing.generations import Generations
from kerastune_ft.serving.writing.writer import Piece, Question

MANY = 1_000_000


def question(name: str, pieces: int) -> Question:
    """Return a question whose answer is its name so many times; names of one case fit together."""
    return Question([ord(name), pieces], Generation(), 0)


class Noting:
    """Answers questions, with a note of which were continued when, and which were closed."""

    name, platform, limit, options = "noting", "stand-in", 99, Generation()

    def __init__(self, rows: int = 1) -> None:
        self.rows = rows
        self.steps: list[str] = []
        self.closed: list[str] = []

    def fits(self, questions: Sequence[Question]) -> bool:
        return len({chr(each.prompt[0]).isupper() for each in questions}) == 1

    def write(self, questions: Sequence[Question], is_wanted: Callable[[int], bool]) -> Iterator[list[Piece | None]]:
        names = "".join(chr(each.prompt[0]) for each in questions)
        lengths = [each.prompt[1] for each in questions]
        try:
            for step in range(max(lengths)):
                wanted = [name if is_wanted(place) else "-" for place, name in enumerate(names)]
                self.steps.append("".join(wanted))
                if "!" in names and (len(names) > 1 or step == 2):
                    raise RuntimeError("no weights")
                yield [
                    Piece(name, step + 1, "stop" if step == length - 1 else None) if step < length else None
                    for name, length in zip(names, lengths, strict=True)
                ]
        finally:
            self.closed.append(names)

    def encode(self, turns: Sequence[object]) -> Sequence[int]:
        raise NotImplementedError

    def warm(self) -> None:
        raise NotImplementedError


async def take(pieces: AsyncGenerator[Piece, None]) -> str:
    return "".join([piece.text async for piece in pieces])


def ask_at_once(noting: Noting, most: int, asked: str, pieces: Sequence[int]) -> tuple[list[str], list[int]]:
    """Return the answers to questions that all wait when the model begins, and the sizes of batches."""
    sizes: list[int] = []
    generations = Generations(noting, most, 10, sizes.append)

    async def ask() -> list[str]:
        tasks = [
            asyncio.ensure_future(take(generations.write(question(name, count))))
            for name, count in zip(asked, pieces, strict=True)
        ]
        while generations.expected < len(asked):
            await asyncio.sleep(0)
        generations.start()
        return await asyncio.gather(*tasks)

    # It does not run before it is started.
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Generations, "is_running", True)
        found = asyncio.run(ask())
    generations.stop()
    assert not generations.is_running and generations.expected == 0
    return found, sizes


def test_a_few_are_written_in_turns_and_the_others_wait() -> None:
    noting = Noting()
    found, sizes = ask_at_once(noting, 2, "abc", [3, 3, 3])
    assert found == ["aaa", "bbb", "ccc"]
    assert noting.steps == list("abab") + list("ab") + list("ccc")
    assert noting.closed == list("abc")
    assert sizes == [1, 1, 1]


def test_those_that_fit_are_written_together() -> None:
    noting = Noting(rows=3)
    found, sizes = ask_at_once(noting, 2, "aBcdeF", [2, 2, 1, 3, 2, 1])
    assert found == ["aa", "BB", "c", "ddd", "ee", "F"]
    # The first takes those that fit with it from behind those that do not; what is finished is not wanted any more.
    assert noting.steps == ["acd", "BF", "a-d", "B-", "e", "--d", "e"]
    assert sizes == [3, 2, 1]
    assert noting.closed == ["BF", "acd", "e"]


def test_what_is_wrong_with_one_is_not_held_against_those_beside_it(capsys: pytest.CaptureFixture[str]) -> None:
    noting, refused = Noting(rows=3), []
    generations = Generations(noting, 3, 10)

    async def ask_one(name: str) -> str:
        try:
            return await take(generations.write(question(name, 4)))
        except Refusal as refusal:
            refused.append((name, refusal.status))
            return ""

    async def ask() -> list[str]:
        tasks = [asyncio.ensure_future(ask_one(name)) for name in "a!b"]
        while generations.expected < 3:
            await asyncio.sleep(0)
        generations.start()
        return await asyncio.gather(*tasks)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Generations, "is_running", True)
        assert asyncio.run(ask()) == ["aaaa", "", "bbbb"]
    generations.stop()
    assert refused == [("!", 500)]
    assert noting.steps[0] == "a!b" and "RuntimeError: no weights" in capsys.readouterr().err


def test_a_client_that_goes_away_ends_its_answer() -> None:
    noting = Noting()
    generations = Generations(noting, 1, 10)
    generations.start()

    async def ask() -> str:
        pieces = generations.write(question("a", MANY))
        assert (await anext(pieces)).tokens == 1
        await pieces.aclose()
        return await take(generations.write(question("b", 2)))

    assert asyncio.run(ask()) == "bb"
    generations.stop()
    assert noting.closed == ["a", "b"]
    assert noting.steps.count("a") < MANY


def test_too_many_and_faults_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    generations = Generations(Noting(), 1, 0)

    async def ask() -> None:
        with pytest.raises(Refusal) as refused:
            await anext(generations.write(question("!", 9)))
        assert refused.value.status == 503
        generations.start()
        with pytest.raises(Refusal) as refused:
            await take(generations.write(question("!", 9)))
        assert (refused.value.status, "no weights" in refused.value.text) == (500, False)
        first = generations.write(question("a", MANY))
        await anext(first)
        with pytest.raises(Refusal) as refused:
            await anext(generations.write(question("b", 1)))
        assert refused.value.status == 503
        await first.aclose()

    asyncio.run(ask())
    generations.stop()
    assert "RuntimeError: no weights" in capsys.readouterr().err
