"""Answers of a service: one bad input is that input's error, and nothing is said of faults but that there are some."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from kerastune_ft.serving.limits import Limits
from kerastune_ft.serving.refusal import Refusal
from kerastune_ft.serving.service import Room, choose_shapes
from tests.support.served import StandIn, name_mask, picture, start


def test_all_sizes_of_batches_are_warm_before_it_is_ready() -> None:
    model = StandIn()
    with start(model, Limits(batch_size=4)) as service:
        assert model.batches[:3] == [1, 2, 4]
        assert service.is_ready
        assert [output.name for output in service.outputs] == ["label", "probabilities"]
    assert not service.is_ready


def test_batches_are_as_large_as_is_worth_it() -> None:
    assert choose_shapes({1: 4e-3, 2: 3e-3, 4: 2e-3, 8: 1e-3}) == (1, 2, 4, 8)
    assert choose_shapes({1: 2.5e-3, 2: 2.2e-3, 4: 5e-3, 8: 4e-3}) == (1, 2)
    assert choose_shapes({1: 2e-3, 2: 3e-3, 4: 2.1e-3}) == (1, 2, 4)
    assert choose_shapes({1: 0.0, 2: 5e-5, 4: 1e-5}) == (1, 2, 4)


def test_one_bad_input_is_that_inputs_error() -> None:
    with start(limits=Limits(max_pixels=100)) as service:
        bad = [b"no image", picture(255)[:-20], picture(0, size=(20, 20)), Refusal(400, "no base64")]
        found = asyncio.run(service.answer([picture(255), *bad, picture(0)]))
    assert [each.status for each in found if isinstance(each, Refusal)] == [422, 422, 413, 400]
    assert [found[0], found[5]] == [["bright", [0.0, 1.0]], ["dark", [1.0, 0.0]]]


def test_a_fault_of_the_model_is_logged_and_not_told(capsys: pytest.CaptureFixture[str]) -> None:
    model = StandIn()
    with start(model) as service:
        model.is_broken = True
        (found,) = asyncio.run(service.answer([picture(0)]))
    assert isinstance(found, Refusal)
    assert (found.status, found.text) == (500, "the model failed on this input; see the server's log")
    assert "RuntimeError: no weights" in capsys.readouterr().err


def test_a_value_error_of_the_model_is_no_fault_of_the_input() -> None:
    model = StandIn()
    with start(model) as service:
        model.answer = lambda examples: [int("no number")] * len(examples)  # type: ignore[method-assign]
        service._batcher._compute = model.answer
        (found,) = asyncio.run(service.answer([picture(0)]))
    assert isinstance(found, Refusal)
    assert (found.status, "no number" in found.text) == (500, False)


def test_an_answer_that_is_no_finite_number_is_that_inputs_error() -> None:
    model = StandIn(say=lambda value: {"value": float("nan") if value > 0.9 else value})
    with start(model) as service:
        first, second = asyncio.run(service.answer([picture(255), picture(0)]))
    assert isinstance(first, Refusal)
    assert (first.status, first.text) == (500, "the model's value for this input is not finite")
    assert second == [0.0]


def test_inputs_are_read_together_as_far_as_one_of_them_may_go_and_in_their_order() -> None:
    begun: list[float] = []

    async def run() -> None:
        room, leave = Room(), {share: asyncio.Event() for share in (0.4, 0.5, 0.3, 0.01, 1.0)}

        async def use(share: float) -> None:
            async with room.take(share):
                begun.append(share)
                await leave[share].wait()

        tasks = [asyncio.ensure_future(use(share)) for share in leave]
        steps = ([], [0.4, 0.5]), ([0.5], [0.4, 0.5, 0.3, 0.01]), ([0.4, 0.3], [0.4, 0.5, 0.3, 0.01])
        for left, inside in steps:
            for share in left:
                leave[share].set()
            for _ in range(20):
                await asyncio.sleep(0)
            assert begun == inside
        leave[0.01].set()
        leave[1.0].set()
        await asyncio.gather(*tasks)

    asyncio.run(run())
    assert begun == [0.4, 0.5, 0.3, 0.01, 1.0]


def test_what_is_being_read_waits_already() -> None:
    with start(limits=Limits(max_waiting=5)) as service:

        async def ask() -> list[Any]:
            asked = [service.answer([picture(0)] * 3) for _ in range(2)]
            return await asyncio.gather(*asked, return_exceptions=True)

        first, second = asyncio.run(ask())
    assert len(first) == 3
    assert isinstance(second, Refusal)
    assert second.status == 503


def test_large_inputs_and_masks_come_through_as_well() -> None:
    with start(StandIn(say=name_mask), Limits(max_pixels=50)) as service:
        found = asyncio.run(service.answer([picture(255), picture(0)] * 3))
    assert [each[1] for each in found if not isinstance(each, Refusal)] == [[0.5, 0.5], [4 / 6, 2 / 6]] * 3


def test_more_inputs_than_a_request_may_have() -> None:
    with start(limits=Limits(max_instances=2)) as service, pytest.raises(Refusal) as refused:
        asyncio.run(service.answer([picture(0)] * 3))
    assert refused.value.status == 413
