"""Transcripts in the forms of OpenAI's interface."""

from __future__ import annotations

import json
from typing import Any

from kerastune_ft.serving.speech.answers import write_answer
from kerastune_ft.serving.speech.transcriber import Segment
from tests.support.served_transcriber import StandInTranscriber

ANSWER = {
    "transcript": "one two",
    "seconds": 1.23456,
    "segments": [Segment(0.0, 0.75, "one"), Segment(0.75, 1.23456, "two")],
    "ended": "stop",
}


def write(form: Any, **options: Any) -> Any:
    model: Any = StandInTranscriber(**options)
    return write_answer(ANSWER, form, model)


def test_the_text_alone() -> None:
    answer = write("text")
    assert answer.body == b"one two\n"
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"


def test_what_everyone_asks_for() -> None:
    assert json.loads(write("json").body) == {
        "text": "one two",
        "finish_reason": "stop",
        "usage": {"type": "duration", "seconds": 2},
    }


def test_with_the_pieces_that_were_heard_one_after_the_other() -> None:
    found = json.loads(write("verbose_json", language="de", translates=True).body)
    assert (found["task"], found["language"], found["duration"]) == ("translate", "de", 1.235)
    assert found["segments"] == [
        {"id": 0, "start": 0.0, "end": 0.75, "text": "one"},
        {"id": 1, "start": 0.75, "end": 1.235, "text": "two"},
    ]
