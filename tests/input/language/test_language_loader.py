from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from kerastune_ft.config.options.language.tasks import CausalLm
from kerastune_ft.config.options.language.templates import ChatTemplate
from kerastune_ft.data.dialogues.turns import Dialogue, Turn, make_pair
from kerastune_ft.errors import ConfigError, DataError
from kerastune_ft.input.language.language_loader import DialogueSettings, LanguageLoader, build_language_loader
from tests.support.chat_tokenizers import make_bytes, make_input

PAIRS = [make_pair("1 + 1?", "2"), make_pair("and 2 + 2?", "four, as ever"), make_pair("bye", "bye")]


def make_source(dialogues: list[Dialogue], answers: bool = True) -> Any:
    every = np.arange(len(dialogues))
    return SimpleNamespace(
        keys=[f"row {number}" for number in every],
        splits={"train": every},
        label_texts=[turns[-1].content if answers else "" for turns in dialogues],
        read_dialogue=dialogues.__getitem__,
    )


def build(dialogues: list[Dialogue], asked: int | None = None, answers: bool = True, **task: Any) -> LanguageLoader:
    options = CausalLm(kind="causal_lm", **task)
    known: Any = SimpleNamespace(kind="causal_lm", options=options)
    return build_language_loader(
        make_source(dialogues, answers), known, make_input(make_bytes()), asked, lambda _: None
    )


def test_rows_are_shifted_and_answers_alone_are_learnt() -> None:
    loader = build(PAIRS)
    inputs, targets = loader.pad(np.array([0, 1]))
    for row, (_, answer) in enumerate(PAIRS[:2]):
        learnt = targets["labels"][row][targets["weights"][row] > 0]
        # The space before an answer is learnt, too, and what ends it.
        assert bytes(learnt[:-1].tolist()).decode() == f" {answer.content}"
        assert learnt[-1] == 3
        real = int(inputs["padding_mask"][row].sum())
        np.testing.assert_array_equal(inputs["token_ids"][row, 1:real], targets["labels"][row, : real - 1])
    assert int(loader.rows.learnt.sum()) == sum(len(answer.content) + 2 for _, answer in PAIRS)


def test_settings_come_back_from_the_plan() -> None:
    loader = build(PAIRS, 32)
    again = DialogueSettings.from_plan(loader.to_json(), loader.settings.given.tokenizer)
    assert (again.template, again.sizes, again.limit) == (loader.template, loader.sizes, loader.limit)
    np.testing.assert_array_equal(again.pack(PAIRS).ids, loader.rows.ids)


def test_what_is_cut_is_counted_and_answers_stay() -> None:
    long = make_pair("very " * 20, "yes")
    loader = build([*PAIRS, long], 32)
    assert loader.to_json()["truncated"]["answers"] == 0
    (note,) = loader.notes()
    assert "from the beginning of what stands before the last answer (data.sequence_length)" in note
    assert loader.describe_inputs([3])[0]["tokens"] < loader.describe_inputs([3])[0]["of"]


def test_earlier_answers_that_are_cut_are_no_cut_answers() -> None:
    """A dialogue that loses its beginning loses what was answered there, and its last answer is whole."""
    loader = build([(*make_pair("why " * 5, "so it is"), *make_pair("and then?", "yes"))], 32)
    assert loader.to_json()["truncated"]["answers"] == 0
    (note,) = loader.notes()
    assert note.startswith("1 of 1 example is cut to 32 tokens and loses ") and "answers to learn" not in note
    assert f"before the last answer, {loader.rows.lost_answer[0]} of them of earlier answers (" in note
    (note,) = build([make_pair("why?", "so it is " * 9)], 32).notes()
    assert "answers to learn of 1" in note and "earlier" not in note


def test_the_key_of_a_store_covers_template_and_length() -> None:
    own = ChatTemplate(system="", user="Q: ", assistant="A: ", end="\n", generation=None)
    parts = [build(PAIRS, **each).key_parts() for each in ({}, {"template": own}, {"asked": 40})]
    assert parts[0] != parts[1] and parts[0] != parts[2]


def test_an_example_without_a_token_to_learn_is_named() -> None:
    with pytest.raises(DataError, match=r"1 example of 4 has no token to learn: row 3\n"):
        build([*PAIRS, (Turn("user", "nobody answers"),)], answers=False)
    # One of no tokens at all counts none of those of the next.
    texts: list[Dialogue] = [(Turn("part", ""),), (Turn("text", "there"),), (Turn("part", ""),)]
    with pytest.raises(DataError, match=r"2 examples of 3 have no token to learn: row 0, row 2\n"):
        build(texts, answers=False)


def test_a_template_for_texts_without_turns_is_refused() -> None:
    texts: list[Dialogue] = [(Turn("text", "once upon a time"),), (Turn("part", "there"),)]
    assert build(texts, answers=False).template.name == "plain"
    with pytest.raises(ConfigError, match=r"task\.template: it has no effect on plain texts"):
        build(texts, answers=False, template="plain")
    with pytest.raises(ConfigError, match=r"task\.learn: it has no effect on plain texts"):
        build(texts, answers=False, learn="all")
