"""Prompts as tokens: how long they and their answers may be together."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from kerastune_ft.config.options.language.tasks import Generation
from kerastune_ft.data.dialogues.turns import Turn
from kerastune_ft.serving.limits import Limits
from kerastune_ft.serving.writing.faults import BadParameter
from kerastune_ft.serving.writing.requests import Asked
from tests.support.served_writer import LIMIT, start_writer


def encode(words: int, length: int, is_own: bool, limits: Limits | None = None) -> int:
    """Return the most tokens that an answer to so many words gets."""
    turns = (Turn("user", " ".join(["a"] * words)),)
    asked = Asked("messages", True, (turns,), Generation(max_new_tokens=length), is_own, 0, False, False)

    async def ask() -> Any:
        with start_writer(limits=limits) as service:
            return await service.encode(asked)

    ((prompt, options),) = asyncio.run(ask())
    assert len(prompt) == words
    return int(options.max_new_tokens)


def test_answers_have_the_room_that_is_left() -> None:
    assert encode(10, 5, False) == 5
    assert encode(10, 128, False) == LIMIT - 10
    assert encode(10, 128, False, Limits(max_new_tokens=8)) == 8
    assert encode(10, LIMIT - 10, True) == LIMIT - 10


@pytest.mark.parametrize(
    ("words", "length", "is_own", "text"),
    [
        (LIMIT, 1, False, f"{LIMIT} tokens are more than the {LIMIT}"),
        (10, LIMIT - 9, True, f"10 tokens and {LIMIT - 9} of its answer are more"),
        (0, 1, False, "it has no tokens"),
    ],
)
def test_what_is_too_long_or_nothing_is_refused(words: int, length: int, is_own: bool, text: str) -> None:
    with pytest.raises(BadParameter, match=text) as refused:
        encode(words, length, is_own)
    assert refused.value.parameter == "messages"
