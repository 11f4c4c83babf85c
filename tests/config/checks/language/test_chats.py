from __future__ import annotations

from typing import Any

import pytest

from kerastune_ft.config.read import read
from tests.support.config_cases import messages

CHATS: dict[str, Any] = {
    "task": {"kind": "causal_lm"},
    "data": {"kind": "table", "path": "chats.jsonl", "input": "messages"},
    "backbone": {"kind": "keras_hub", "class": "GPT2Backbone"},
    "phases": [{"name": "last", "unfreeze": {"last": 1}, "epochs": 1, "learning_rate": 0.001}],
}
FOLDER = {**CHATS, "data": {"kind": "folder", "path": "books"}}


def with_key(section: str, base: dict[str, Any] = CHATS, **keys: Any) -> dict[str, Any]:
    return {**base, section: {**base[section], **keys}}


def test_dialogues_need_no_label() -> None:
    assert read(CHATS).data.label is None
    assert read(FOLDER).data.kind == "folder"
    assert messages({**CHATS, "task": {"kind": "text_classification"}})["data.label"] == 'missing; write "label": ...'


@pytest.mark.parametrize(
    ("document", "place", "said"),
    [
        (with_key("data", input=["prompt", "response"]), "data.input", '"label": "response"'),
        (with_key("data", label=["a", "b"]), "data.label", "name one column"),
        (
            with_key("task", system_prompt="x"),
            "task.system_prompt",
            "in the data, as a first message of role",
        ),
        (with_key("task", max_new_tokens=9), "task.max_new_tokens", "belongs elsewhere: in task.generate"),
        (with_key("task", max_length=9), "task.max_length", '"sequence_length", which belongs elsewhere: in data'),
        (with_key("task", learn="answers"), "task.learn", 'did you mean "responses"'),
        (with_key("task", metrics=["wer"]), "task.metrics[0]", 'did you mean "word_error_rate"'),
        (with_key("task", kind="chat"), "task.kind", 'did you mean "causal_lm"'),
        (with_key("task", generate={"eos": "."}), "task.generate.eos", 'did you mean "stop"'),
        (with_key("task", generate={"num_beams": 4}), "task.generate.num_beams", "no beams are searched"),
        (with_key("data", max_length=9), "data.max_length", 'did you mean "sequence_length"'),
        ({**CHATS, "defaults": {"loss": "focal"}}, "defaults.loss", 'write "cross_entropy"'),
        ({**CHATS, "runtime": {"gradient_checkpointing": True}}, "runtime.gradient_checkpointing", '"recompute"'),
        (with_key("data", label={"column": "a"}), "data.label", "name one column"),
        (with_key("data", long_texts="windows"), "data.long_texts", "divided into blocks"),
        (with_key("data", on_bad_file="skip"), "data.on_bad_file", "write on_missing"),
        (with_key("task", FOLDER, template="chatml"), "task.template", "no turns"),
        (with_key("task", FOLDER, learn="all"), "task.learn", "learnt whole"),
        (with_key("task", template="chatlm"), "task.template", 'did you mean "chatml"'),
        (
            with_key("task", template={"user": "> ", "assistant": "> ", "end": "\n"}),
            "task.template.assistant",
            "nothing tells who speaks",
        ),
        (with_key("task", generate={"top_k": 5}), "task.generate.top_k", "temperature of 0"),
        (with_key("task", generate={"top_p": 0.9, "temperature": 0}), "task.generate.top_p", "temperature of 0"),
        (with_key("task", generate={"stop": ["\n", ""]}), "task.generate.stop", "end every answer at once"),
    ],
)
def test_what_contradicts_it_is_a_problem(document: dict[str, Any], place: str, said: str) -> None:
    assert said in messages(document)[place]


def test_keys_that_belong_together_are_taken() -> None:
    sampled = with_key("task", generate={"top_k": 5, "top_p": 0.9, "temperature": 0.7, "stop": ["\nUser:"]})
    assert read(sampled).task.generate.top_k == 5
    own = with_key("task", template={"system": None, "user": "Q: ", "assistant": "A: ", "end": "\n"})
    assert read(own).task.template.system is None
