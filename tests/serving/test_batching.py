"""Natural batching: what waits is taken together, a failure is that of one, and nobody is forgotten at the end."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from typing import Any

import pytest

from kerastune_ft.serving.batching import Batcher
from kerastune_ft.serving.refusal import Refusal
from tests.support.processes import HANG


class Model:
    """Doubles numbers; fails on batches with a 13 in them. The first batch waits until it is let go."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.go = threading.Event()

    def answer(self, examples: Sequence[int]) -> list[Any]:
        self.go.wait(HANG)
        self.batches.append(list(examples))
        if 13 in examples:
            raise RuntimeError("unlucky")
        return [{"value": 2 * each} for each in examples]


def ask(batcher: Batcher, model: Model, numbers: Sequence[int], stop: bool = False) -> list[Any]:
    """Ask the first number, and the others once it is being computed."""

    async def run() -> list[Any]:
        asked = [asyncio.ensure_future(batcher.answer(numbers[0]))]
        await asyncio.sleep(0)
        while not batcher._queue.empty():
            await asyncio.sleep(0.001)
        asked += [asyncio.ensure_future(batcher.answer(each)) for each in numbers[1:]]
        await asyncio.sleep(0)
        if stop:
            threading.Thread(target=batcher.stop, daemon=True).start()
        model.go.set()
        return await asyncio.gather(*asked, return_exceptions=True)

    return asyncio.run(run())


@pytest.fixture
def model() -> Model:
    return Model()


def test_what_waits_is_taken_together_in_the_largest_batch_that_it_fills(model: Model) -> None:
    sizes: list[int] = []
    batcher = Batcher(model.answer, 100, sizes.append)
    batcher.start((1, 2, 4))
    found = ask(batcher, model, range(8))
    batcher.stop()
    assert [each["value"] for each in found] == [0, 2, 4, 6, 8, 10, 12, 14]
    assert model.batches == [[0], [1, 2, 3, 4], [5, 6], [7]]
    assert (sizes, batcher.waiting, batcher.is_running) == ([1, 4, 2, 1], 0, False)


def test_one_that_fails_fails_alone(model: Model) -> None:
    batcher = Batcher(model.answer, 100)
    batcher.start((1, 3))
    found = ask(batcher, model, [1, 2, 13, 4])
    batcher.stop()
    assert isinstance(found[2], RuntimeError)
    assert [found[place]["value"] for place in (0, 1, 3)] == [2, 4, 8]
    assert model.batches == [[1], [2, 13, 4], [2], [13], [4]]


def test_what_waits_at_the_end_is_answered(model: Model) -> None:
    batcher = Batcher(model.answer, 100)
    batcher.start((1, 2))
    found = ask(batcher, model, range(6), stop=True)
    assert [each["value"] for each in found] == [0, 2, 4, 6, 8, 10]


def test_more_than_may_wait_are_sent_away(model: Model) -> None:
    batcher = Batcher(model.answer, 3)
    batcher.start((1,))
    with batcher.expect(2), batcher.expect(1):
        with pytest.raises(Refusal) as refused, batcher.expect(1):
            pass
        assert (refused.value.status, refused.value.headers) == (503, {"retry-after": "1"})
    assert batcher.waiting == 0
    batcher.stop()
    with pytest.raises(Refusal, match="does not answer any more"), batcher.expect(1):
        pass


def test_a_model_that_answers_too_few_is_a_fault() -> None:
    batcher = Batcher(lambda examples: [], 3)
    batcher.start((1,))
    with pytest.raises(RuntimeError, match="0 answers to 1 inputs"):
        asyncio.run(batcher.answer(1))
    batcher.stop()
