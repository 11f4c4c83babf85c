"""What requests ask for: options of the run unless they say otherwise, and what cannot be had refused by its name."""

from __future__ import annotations

from typing import Any

import pytest

from kerastune_ft.config.options.language.tasks import Generation
from kerastune_ft.data.dialogues.turns import Turn
from kerastune_ft.serving.limits import Limits
from kerastune_ft.serving.refusal import Refusal
from kerastune_ft.serving.writing.faults import BadParameter
from kerastune_ft.serving.writing.requests import Asked, read_chat, read_completion

OWN = Generation(max_new_tokens=7, temperature=0.5, stop=("END",))
ASKED = [{"role": "user", "content": "hello"}]


def read(**more: Any) -> Asked:
    return read_chat({"messages": ASKED, **more}, "parrot", OWN, Limits())


def test_what_is_not_said_is_that_of_the_run() -> None:
    found = read(model="parrot", user="somebody", n=1, presence_penalty=0.0, logit_bias=None, tools=[])
    assert found.options == OWN
    assert found.prompts == ((Turn("user", "hello"),),)
    assert not (found.has_own_length or found.is_streamed or found.has_usage)
    assert read().seed != read().seed


def test_what_is_said_is_taken() -> None:
    found = read(
        max_tokens=3, temperature=0, top_p=0.25, stop="\n", seed=-1, stream=True,
        stream_options={"include_usage": True},
    )  # fmt: skip
    assert found.options == Generation(max_new_tokens=3, temperature=0, top_p=0.25, stop=("\n",))
    assert (found.seed, found.is_streamed, found.has_usage, found.has_own_length) == (2**31 - 1, True, True, True)
    assert read(max_tokens=3, max_completion_tokens=4).options.max_new_tokens == 4
    assert read(stop=[]).options.stop == ("END",)


def test_roles_and_parts_of_texts() -> None:
    parts = [{"type": "text", "text": "hel"}, {"type": "text", "text": "lo"}]
    messages = [
        {"role": "developer", "content": "be brief"},
        {"role": "user", "content": "a", "name": "x"},
        {"role": "assistant", "content": ""},
        {"role": "user", "content": parts},
    ]
    (turns,) = read(messages=messages).prompts
    assert turns == (Turn("system", "be brief"), Turn("user", "a"), Turn("assistant", ""), Turn("user", "hello"))


@pytest.mark.parametrize(
    ("more", "parameter", "status"),
    [
        ({"model": "other"}, "model", 404),
        ({"n": 2}, "n", 400),
        ({"n": True}, "n", 400),
        ({"tools": [{}]}, "tools", 400),
        ({"logprobs": True}, "logprobs", 400),
        ({"frequency_penalty": 0.5}, "frequency_penalty", 400),
        ({"response_format": {"type": "json_object"}}, "response_format", 400),
        ({"temprature": 1}, "temprature", 400),
        ({"temperature": 2.5}, "temperature", 400),
        ({"temperature": float("nan")}, "temperature", 400),
        ({"temperature": "hot"}, "temperature", 400),
        ({"top_p": 0}, "top_p", 400),
        ({"top_k": 5}, "top_k", 400),
        ({"max_tokens": 0}, "max_tokens", 400),
        ({"max_tokens": 2000}, "max_tokens", 400),
        ({"max_tokens": 1.5}, "max_tokens", 400),
        ({"seed": "1"}, "seed", 400),
        ({"stop": [""]}, "stop", 400),
        ({"stop": ["a"] * 5}, "stop", 400),
        ({"stream": "yes"}, "stream", 400),
        ({"stream_options": {"include_usage": True}}, "stream_options", 400),
        ({"messages": []}, "messages", 400),
        ({"messages": "hello"}, "messages", 400),
        ({"messages": ["hello"]}, "messages[0]", 400),
        ({"messages": [{"role": "tool", "content": "a"}]}, "messages[0].role", 400),
        ({"messages": [{"role": "user", "content": None}]}, "messages[0].content", 400),
        ({"messages": [{"role": "user", "content": [{"type": "image_url"}]}]}, "messages[0].content", 400),
        ({"messages": [*ASKED, {"role": "assistant", "content": "b"}]}, "messages", 400),
    ],
)  # fmt: skip
def test_what_cannot_be_taken_is_named(more: dict[str, Any], parameter: str, status: int) -> None:
    with pytest.raises(BadParameter) as refused:
        read(**more)
    assert (refused.value.parameter, refused.value.status) == (parameter, status)
    assert refused.value.text.startswith(parameter)


def test_texts_that_are_none_or_too_long() -> None:
    with pytest.raises(Refusal, match="half a character"):
        read(messages=[{"role": "user", "content": "\ud800"}])
    with pytest.raises(Refusal, match="more than 3 characters"):
        read_chat({"messages": ASKED}, "parrot", OWN, Limits(max_characters=3))
    with pytest.raises(Refusal, match="no object"):
        read_chat([1], "parrot", OWN, Limits())


def test_prompts_of_completions() -> None:
    found = read_completion({"prompt": ["a", "b"]}, "parrot", OWN, Limits())
    assert found.prompts == ((Turn("text", "a"),), (Turn("text", "b"),))
    bad: tuple[Any, ...] = (None, [], [1, 2], [[1]], {})
    for prompt in bad:
        with pytest.raises(BadParameter, match="prompt: write a text"):
            read_completion({"prompt": prompt}, "parrot", OWN, Limits())
    with pytest.raises(BadParameter, match="messages"):
        read_completion({"prompt": "a", "messages": ASKED}, "parrot", OWN, Limits())
    with pytest.raises(Refusal, match="max-instances"):
        read_completion({"prompt": ["a"] * 3}, "parrot", OWN, Limits(max_instances=2))
