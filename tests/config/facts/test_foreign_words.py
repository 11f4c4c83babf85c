from __future__ import annotations

import pytest

from kerastune_ft.config.checks.messages import allowed_keys
from kerastune_ft.config.facts.foreign_words import FOREIGN_KEYS, FOREIGN_VALUES, REMARKS
from kerastune_ft.config.words import HOMES, letters, right_key, right_value, unknown_message

EVERY_KEY = {
    key
    for loc in (
        (),
        ("task",),
        ("data", "@folder"),
        ("data", "@table"),
        ("data", "@tfds"),
        ("data", "@arrays"),
        ("data", "splits", "@Fractions"),
        ("backbone", "@applications"),
        ("backbone", "@saved"),
        ("head",),
        ("phases", 0),
        ("phases", 0, "learning_rate"),
        ("phases", 0, "augment"),
        ("phases", 0, "early_stopping"),
        ("phases", 0, "unfreeze", "@Last"),
        ("phases", 0, "lora"),
        ("task", "generate"),
        ("runtime",),
        ("output",),
        ("output", "checkpoint"),
    )
    for key in allowed_keys(loc)
} | {"alpha"}


@pytest.mark.parametrize("word", FOREIGN_KEYS)
def test_foreign_keys_are_written_in_letters_and_lead_to_real_keys(word: str) -> None:
    assert word == letters(word)
    for target in FOREIGN_KEYS[word]:
        assert target in EVERY_KEY or target.startswith("in "), target


@pytest.mark.parametrize("word", FOREIGN_KEYS)
def test_every_foreign_key_is_answered_where_its_word_is_allowed(word: str) -> None:
    for target in FOREIGN_KEYS[word]:
        if target in EVERY_KEY:
            right, remark = right_key(word, [target, "zzzzzz"])
            assert right == target
            assert remark in (REMARKS.get(target), None)


@pytest.mark.parametrize("word", FOREIGN_KEYS)
def test_every_foreign_key_is_answered_elsewhere_too(word: str) -> None:
    last = FOREIGN_KEYS[word][-1]
    _, elsewhere = right_key(word, ["zzzzzz"])
    if last.startswith("in "):
        assert elsewhere == last
    elif last in HOMES:
        assert elsewhere is not None
        assert last in elsewhere


@pytest.mark.parametrize("word", FOREIGN_VALUES)
def test_every_foreign_value_is_answered(word: str) -> None:
    for target in FOREIGN_VALUES[word]:
        assert right_value(word.upper(), ["zzzzzz", target]) == target
        assert f'did you mean "{target}"?' in unknown_message(word, ["zzzzzz", target])[0]
