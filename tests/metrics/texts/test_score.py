"""Metrics of written texts, against the packages rouge-score and jiwer and by hand."""

from __future__ import annotations

import random

import jiwer
import numpy as np
import pytest
from rouge_score.rouge_scorer import RougeScorer

from kerastune_ft.metrics.intervals.base import find_intervals
from kerastune_ft.metrics.texts.score import GENERATED, list_parts, make_sample, score, score_answers
from kerastune_ft.metrics.texts.words import normalise_speech

WORDS = ["the", "cat", "sat", "on", "a", "mat", "and", "it's", "3", "o'clock", "in", "The", "End"]


def draw_texts(seed: int, number: int = 40) -> list[str]:
    draw = random.Random(seed)
    return [" ".join(draw.choices(WORDS, k=draw.randrange(1, 12))) for _ in range(number)]


FOUND, TRUTH = [*draw_texts(1), "", "same text.", "?"], [*draw_texts(2), "some words", "same text.", "a cat"]


def test_rouge_is_that_of_rouge_score():
    parts = score_answers(FOUND, TRUTH, ("rouge_1", "rouge_2", "rouge_l"))
    scorer = RougeScorer(["rouge1", "rouge2", "rougeL"], use_stemmer=False)
    rows = [scorer.score(truth, found) for found, truth in zip(FOUND, TRUTH, strict=True)]
    for name, theirs in {"rouge_1": "rouge1", "rouge_2": "rouge2", "rouge_l": "rougeL"}.items():
        np.testing.assert_allclose(parts[name], [row[theirs].fmeasure for row in rows], atol=1e-12)
        assert score(parts)[name] == pytest.approx(np.mean([row[theirs].fmeasure for row in rows]))


def test_error_rates_are_those_of_jiwer():
    parts = score_answers(FOUND, TRUTH, ("word_error_rate", "character_error_rate"))
    found, truth = [list(map(normalise_speech, texts)) for texts in (FOUND, TRUTH)]
    assert score(parts) == {
        "word_error_rate": pytest.approx(jiwer.wer(truth, found)),
        "character_error_rate": pytest.approx(jiwer.cer(truth, found)),
    }


def test_rates_are_all_errors_over_all_words():
    parts = score_answers(["one two", "", "a b c"], ["one too", "x y", "a"], ["word_error_rate"])
    assert {name: list(values) for name, values in parts.items()} == {"word_errors": [1, 2, 2], "words": [2, 2, 1]}
    assert score(parts) == {"word_error_rate": 1.0}


def test_equal_answers_count_but_for_white_space():
    parts = score_answers(["yes ", "Yes", "no"], ["yes", "yes", "no"], ["exact_match"])
    assert list(parts["exact_match"]) == [1, 0, 1]
    assert score(parts) == {"exact_match": pytest.approx(2 / 3)}


def test_examples_without_an_answer_count_in_nothing():
    some = score_answers([*FOUND, None, None], [*TRUTH, "a", "b"], GENERATED)
    assert score(some) == pytest.approx(score(score_answers(FOUND, TRUTH, GENERATED)))
    assert all(np.isnan(values[-2:]).all() for values in some.values())


def test_without_any_answer_there_is_no_figure():
    found = score(score_answers([None, None], ["a", "b"], GENERATED))
    assert set(found) == set(GENERATED) and all(map(np.isnan, found.values()))
    assert score_answers([], [], ["word_error_rate"])["words"].shape == (0,)


def test_intervals_hold_the_figures():
    parts = score_answers(FOUND, TRUTH, GENERATED)
    figures, intervals = score(parts), find_intervals(make_sample(parts))
    assert set(intervals) == set(GENERATED)
    assert all(low <= figures[name] <= high for name, (low, high) in intervals.items())


def test_only_what_is_asked_for_is_counted():
    assert set(score_answers(["a"], ["a"], ["rouge_l", "word_error_rate"])) == {"rouge_l", "word_errors", "words"}
    assert list_parts("character_error_rate") == ("character_errors", "characters")
