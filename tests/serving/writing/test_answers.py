"""Answers, whole and in events, as the interface writes them."""

from __future__ import annotations

import json

from kerastune_ft.serving.writing.answers import CHAT, COMPLETION, Reply, Usage, Written


def read(event: bytes) -> dict[str, object]:
    assert event.startswith(b"data: ") and event.endswith(b"\n\n")
    found: dict[str, object] = json.loads(event[6:])
    return found


def test_whole_answers() -> None:
    found = Reply(CHAT, "parrot", "1", 2).write_whole([Written("hé", "stop")], Usage(3, 4))
    assert found == {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 2,
        "model": "parrot",
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": "hé", "refusal": None},
                "logprobs": None,
                "finish_reason": "stop",
            }
        ],
        "usage": {"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7},
    }
    (choice,) = Reply(COMPLETION, "parrot").write_whole([Written("a", "length")], Usage(1, 1))["choices"]
    assert choice == {"index": 0, "text": "a", "logprobs": None, "finish_reason": "length"}


def test_events() -> None:
    reply = Reply(CHAT, "parrot", "1", 2)
    events = [read(each) for each in (reply.begin(0), reply.go_on(0, "hé"), reply.end(0, "stop"))]
    assert [each["choices"] for each in events] == [
        [{"index": 0, "delta": {"role": "assistant", "content": ""}, "logprobs": None, "finish_reason": None}],
        [{"index": 0, "delta": {"content": "hé"}, "logprobs": None, "finish_reason": None}],
        [{"index": 0, "delta": {}, "logprobs": None, "finish_reason": "stop"}],
    ]
    assert {each["object"] for each in events} == {"chat.completion.chunk"}
    counted = read(reply.count(Usage(1, 2)))
    assert (counted["choices"], counted["usage"]) == ([], Usage(1, 2).to_json())
