"""Answers of OpenAI's interface: whole, and in the events of a stream."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

DONE = b"data: [DONE]\n\n"
"""The last event of a stream."""


@dataclass(frozen=True)
class Written:
    """A whole answer."""

    text: str
    ending: str


@dataclass(frozen=True)
class Usage:
    """Tokens of prompts and of answers."""

    prompt: int
    answer: int

    def to_json(self) -> dict[str, int]:
        """Return them as the interface names them."""
        return {
            "prompt_tokens": self.prompt,
            "completion_tokens": self.answer,
            "total_tokens": self.prompt + self.answer,
        }


@dataclass(frozen=True)
class Form:
    """How one kind of answer is written."""

    prefix: str
    whole: str
    part: str
    """The names of a whole answer and of a part of a stream."""
    write_whole: Callable[[str], dict[str, Any]]
    write_part: Callable[[str | None], dict[str, Any]]
    """Returns what a text is written as; None is the end of an answer."""
    first: Mapping[str, Any] | None = None
    """What the first event of an answer has, before its text; None where there is no such event."""


CHAT = Form(
    "chatcmpl-",
    "chat.completion",
    "chat.completion.chunk",
    lambda text: {"message": {"role": "assistant", "content": text, "refusal": None}},
    lambda text: {"delta": {} if text is None else {"content": text}},
    {"delta": {"role": "assistant", "content": ""}},
)
COMPLETION = Form(
    "cmpl-",
    "text_completion",
    "text_completion",
    lambda text: {"text": text},
    lambda text: {"text": text or ""},
)


@dataclass(frozen=True)
class Reply:
    """The answer to one request."""

    form: Form
    model: str
    mark: str = field(default_factory=lambda: secrets.token_hex(12))
    created: int = field(default_factory=lambda: int(time.time()))

    def write_whole(self, written: Sequence[Written], usage: Usage) -> dict[str, Any]:
        """Return the body of an answer that is not streamed."""
        choices = [
            {"index": place, **self.form.write_whole(each.text), "logprobs": None, "finish_reason": each.ending}
            for place, each in enumerate(written)
        ]
        return self._wrap(self.form.whole, choices) | {"usage": usage.to_json()}

    def begin(self, place: int) -> bytes:
        """Return the event before the text of an answer."""
        return self._write_event(place, dict(self.form.first or {}), None)

    def go_on(self, place: int, text: str) -> bytes:
        """Return the event of a piece of an answer."""
        return self._write_event(place, self.form.write_part(text), None)

    def end(self, place: int, ending: str) -> bytes:
        """Return the event of the end of an answer."""
        return self._write_event(place, self.form.write_part(None), ending)

    def count(self, usage: Usage) -> bytes:
        """Return the event with what was counted."""
        return write_event(self._wrap(self.form.part, []) | {"usage": usage.to_json()})

    def _write_event(self, place: int, part: dict[str, Any], ending: str | None) -> bytes:
        choice = {"index": place, **part, "logprobs": None, "finish_reason": ending}
        return write_event(self._wrap(self.form.part, [choice]))

    def _wrap(self, kind: str, choices: list[dict[str, Any]]) -> dict[str, Any]:
        known = {"id": self.form.prefix + self.mark, "object": kind, "created": self.created, "model": self.model}
        return {**known, "choices": choices}


def write_event(value: Any) -> bytes:
    """Return a value as an event of a stream."""
    return b"data: " + json.dumps(value, ensure_ascii=False).encode("utf-8") + b"\n\n"
