"""Random labels: they are numbered and divided, or refused with a message that names the data."""

from __future__ import annotations

import json
import re
import unicodedata
from typing import Any

import numpy as np
import pytest

from kerastune_ft.config.options.data import Folds, Fractions
from kerastune_ft.config.options.tasks import ImageClassification
from kerastune_ft.data.labels.doubtful import note_doubtful
from kerastune_ft.data.labels.number import number_labels
from kerastune_ft.data.labels.raw import LabelColumns, LabelSets, SingleLabels
from kerastune_ft.data.labels.spelling import find_meant, plain_form, quote
from kerastune_ft.data.splits.choose import choose_splits
from kerastune_ft.data.splits.examples import SplitExamples
from kerastune_ft.errors import ConfigError, DataError
from kerastune_ft.rules import FIRST, NEWEST

pytestmark = pytest.mark.slow

WORDS = ["cat", "dog", "K\u00e4se", "Platelets", "1", "2", "10", "true", "New York", "nan", "N/A", "a", "\u732b", "no"]
CHANGES = [
    str, str.upper, str.title, lambda word: f"{word} ", lambda word: f"{word}\u200b", lambda word: f"\ufeff{word}",
    lambda word: word.replace(" ", "\u00a0"), lambda word: unicodedata.normalize("NFD", word), lambda word: f"0{word}",
    lambda word: f"{word}.0", lambda word: word[:3] + word[4:], lambda word: "", lambda word: "\u200b",
    lambda word: f"{word}|x", lambda word: word * 60, lambda word: f"{word}\x00",
]  # fmt: skip
REQUESTS = (None, Fractions(train=0.5, validation=0.3, test=0.2), Folds(folds=3, fold=1, test=0.2))


def labels_of(draw: np.random.Generator, count: int) -> list[str]:
    kinds = [CHANGES[number](WORDS[draw.integers(len(WORDS))]) for number in draw.integers(0, len(CHANGES), 6)]
    kinds = [kind for kind in kinds if kind.strip() or draw.random() < 0.2] or ["a", "b"]
    return [kinds[number] for number in draw.integers(0, draw.integers(1, len(kinds) + 1), count)]


def raw_of(draw: np.random.Generator, texts: list[str]) -> tuple[Any, bool]:
    form = draw.integers(4)
    if form == 0:
        return LabelSets([tuple(dict.fromkeys(draw.choice(texts, draw.integers(0, 3)).tolist())) for _ in texts]), True
    if form == 1:
        cells = [[str(cell) for cell in draw.choice(["0", "1", "", "1.0", "x"], 3, p=[0.5, 0.39, 0.05, 0.05, 0.01])]
                 for _ in texts]  # fmt: skip
        return LabelColumns(("a", "b ", "c"), cells), True
    return SingleLabels(texts), bool(form == 2)


@pytest.mark.parametrize("part", range(10))
def test_random_labels_are_numbered_and_divided_or_refused(part: int) -> None:
    opened = 0
    for case in range(50):
        draw = np.random.default_rng([part, case])
        count = int(draw.integers(2, 80))
        texts, keys = labels_of(draw, count), [f"x[{number}]" for number in range(count)]
        raw, several = raw_of(draw, texts)
        listed = tuple(dict.fromkeys(text for text in texts if text.strip())) if draw.random() < 0.3 else None
        if listed is not None and len(listed) < 2:
            listed = None
        task = ImageClassification(multi_label=several, classes=listed)
        groups = (
            [f"g{number}" for number in draw.integers(0, max(2, count // 3), count)] if draw.random() < 0.3 else None
        )
        requested = REQUESTS[draw.integers(3)]
        for rules in (NEWEST, FIRST):
            try:
                labels = number_labels(raw, keys, task, "d.npz", rules=rules)
                notes = note_doubtful(labels, is_listed=listed is not None)
                examples = SplitExamples.from_labels(keys, labels, groups, rules=rules)
                chosen = choose_splits(requested, {}, examples)
            except (DataError, ConfigError) as problem:
                assert re.match(r"(data|task)\b", str(problem)), str(problem)
                continue
            opened += 1
            every = np.concatenate(list(chosen.splits.values()))
            assert np.array_equal(np.sort(every), np.arange(count))
            if rules is NEWEST:
                assert all(name == unicodedata.normalize("NFC", name) for name in labels.names)
                check_notes(notes, labels.names, listed)
    assert opened


def check_notes(notes: list[str], names: tuple[str, ...], listed: Any) -> None:
    """Classes that look alike are named, and the line that merges them is JSON that takes every label."""
    forms = [plain_form(name) for name in names]
    if listed is None and len(set(forms)) < len(forms):
        assert any("differ" in note for note in notes), names
    for note in notes:
        found = re.search(r'"classes": (\{.*\})  in task', note)
        if found and "..." not in found[1]:
            assert set(json.loads(found[1])) == set(names)
    for name in names:
        assert json.loads(quote(name)) == name
        assert find_meant(name, names) in names
