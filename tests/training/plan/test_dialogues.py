from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from kerastune_ft.data.dialogues.turns import Turn, make_pair
from kerastune_ft.input.language.control_tokens import ControlTokens
from kerastune_ft.input.language.language_loader import DialogueSettings
from kerastune_ft.input.language.template import choose_template
from kerastune_ft.reporting.data_table import describe_dialogues as describe_lines
from kerastune_ft.reporting.data_table import show_dialogue
from kerastune_ft.training.plan.dialogues import describe_dialogues
from tests.support.chat_tokenizers import make_bytes, make_chat_pairs, make_input

DIALOGUES = [make_pair("Why?", "So."), (Turn("text", "Once."),), make_pair("x" * 4000, "Yes.")]


def make_session(
    tokenizer: Any, asked: Any = "auto", shows: bool = True, train: tuple[int, ...] = (0, 1), limit: int = 9000
) -> Any:
    given = make_input(tokenizer)
    template = choose_template(asked, given, ControlTokens(tokenizer))
    source = SimpleNamespace(
        splits={"train": np.array(train)}, keys=["a", "b", "c"], read_dialogue=DIALOGUES.__getitem__
    )
    loader = SimpleNamespace(
        plan_entry=lambda: {"language": {"rows": {}}},
        template=template,
        source=source,
        settings=DialogueSettings(given, template, False, limit, (limit,)),
    )
    config = SimpleNamespace(task=SimpleNamespace(template=asked), output=SimpleNamespace(examples=shows))
    return SimpleNamespace(loader=loader, source=source, config=config)


def test_the_plan_shows_an_example_with_what_is_learnt() -> None:
    about = describe_dialogues(make_session(make_chat_pairs()))["dialogues"]
    assert (about["template"], about["why"]) == ("chatml", "the tokenizer has the token <|im_start|>")
    assert about["plain_texts"] == 1
    assert about["example"] == {
        "key": "a",
        "pieces": [
            {"text": "<|im_start|>user\nWhy?<|im_end|>\n<|im_start|>assistant\n", "learnt": False},
            {"text": "So.<|im_end|>", "learnt": True},
        ],
    }
    plan = {"dialogues": about, "language": {"learn": "responses", "learnt": {"tokens": 1234, "share": 0.5}}}
    assert describe_lines(plan) == [
        "template chatml: the tokenizer has the token <|im_start|>",
        "what is learnt: answers, and plain texts whole, 50 % of the tokens (1,234)",
    ]
    assert "\u00abSo.<|im_end|>\u00bb" in show_dialogue(plan)
    assert describe_lines({**plan, "dialogues": {**about, "plain_texts": 0}})[1] == (
        "what is learnt: answers, 50 % of the tokens (1,234)"
    )


def test_the_reason_for_a_template_is_said() -> None:
    assert describe_dialogues(make_session(make_bytes()))["dialogues"]["why"] == (
        "the tokenizer has the tokens of no other template"
    )
    asked = describe_dialogues(make_session(make_chat_pairs(), "plain"))["dialogues"]
    assert (asked["template"], asked["why"]) == ("plain", "as task.template says")


def test_no_example_is_shown_where_none_may_be() -> None:
    about = describe_dialogues(make_session(make_bytes(), shows=False))
    assert "example" not in about["dialogues"]
    assert show_dialogue(about) == ""
    assert "Why" not in str(about)


def test_long_examples_lose_their_middle() -> None:
    pieces = describe_dialogues(make_session(make_bytes(), train=(2,)))["dialogues"]["example"]["pieces"]
    assert len(pieces[0]["text"]) < 300
    assert pieces[-1] == {"text": " Yes.<end>", "learnt": True}


def test_of_an_example_that_is_cut_the_rest_is_shown() -> None:
    session = make_session(make_bytes(), train=(2,), limit=30)
    example = describe_dialogues(session)["dialogues"]["example"]
    shown = "".join(piece["text"] for piece in example["pieces"])
    ids, learnt = session.loader.settings.pack([DIALOGUES[2]]).read(0)
    assert len(ids) == 31
    assert shown.startswith("<start>... xx") and shown.count("x") == bytes(ids.astype(np.uint8)).count(b"x")
    assert example["pieces"][-1] == {"text": " Yes.<end>", "learnt": True}
    assert learnt.sum() == len(" Yes.") + 1
    whole = len(make_session(make_bytes()).loader.settings.pack([DIALOGUES[2]]).ids)
    assert example["lost"] == whole - 31
    plan = {"dialogues": {"example": example, "template": "plain", "why": "x"}}
    assert show_dialogue(plan).startswith(f"c after {example['lost']:,} tokens were cut, what is learnt between")


def test_of_plain_texts_alone_no_template_is_told() -> None:
    about = describe_dialogues(make_session(make_bytes(), train=(1,)))
    plan = {
        **about,
        "data": {"sizes": {"train": 1}},
        "language": {"learn": "responses", "learnt": {"tokens": 9, "share": 1.0}},
    }
    assert len(describe_lines(plan)) == 1
    assert describe_lines({}) == []


@pytest.mark.parametrize("entry", [{}, {"language": None}])
def test_other_inputs_have_no_dialogues(tmp_path: Path, entry: Any) -> None:
    session = SimpleNamespace(loader=SimpleNamespace(plan_entry=lambda: entry))
    assert describe_dialogues(session) == {}  # type: ignore[arg-type]
