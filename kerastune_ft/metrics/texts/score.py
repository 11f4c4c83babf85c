"""Metrics of written texts: what each example adds, and the figures of a split with their samples for intervals.

`rouge_1`, `rouge_2` and `rouge_l` are means over examples of the F1 of words, pairs of neighbouring words, and the
longest common subsequence of words (Lin, ROUGE: A Package for Automatic Evaluation of Summaries, 2004; as the package
rouge-score computes them without stemming). `exact_match` is the share of equal texts. `word_error_rate` and
`character_error_rate` are all changes of a split over all words, or characters, that were expected (as the package
jiwer), of transcripts that `words.normalise_speech` makes alike; they may exceed 1.

An example without an answer, outside the sample that answers are generated for, has NaN in all arrays and counts in
none. How texts are split into words is said in `words`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

import numpy as np

from kerastune_ft.metrics.division import divide
from kerastune_ft.metrics.intervals.base import Sample, measure
from kerastune_ft.metrics.texts.sequences import common_length, count_common_runs, count_edits
from kerastune_ft.metrics.texts.words import normalise_answer, normalise_speech, split_words


class _Rate(NamedTuple):
    """A metric that is the quotient of two sums over examples."""

    errors: str
    length: str


EXACT_MATCH = "exact_match"
_ROUGE = ("rouge_1", "rouge_2", "rouge_l")
_RATES: Mapping[str, _Rate] = MappingProxyType(
    {
        "word_error_rate": _Rate("word_errors", "words"),
        "character_error_rate": _Rate("character_errors", "characters"),
    }
)
GENERATED: tuple[str, ...] = (*_ROUGE, EXACT_MATCH, *_RATES)
"""The metrics of this module by name."""
TEXTS = ("prompt", "expected", "answer")
"""What is asked, what is expected and what is answered, among what is measured of examples."""
ANSWERED = "answered"
"""Whether an example has an answer, among what is measured of examples."""


def score_answers(
    answers: Sequence[str | None], expected: Sequence[str], metrics: Collection[str]
) -> dict[str, np.ndarray]:
    """Return by name what each example adds to `metrics`, float64 [examples], NaN where there is no answer.

    It is the metric itself for ROUGE and exact matches; for error rates it is errors and lengths (`word_errors`,
    `words`, `character_errors`, `characters`).
    """
    pairs = list(zip(answers, expected, strict=True))
    found: dict[str, np.ndarray] = {}
    for count in (_count_rouge, _count_matches, _count_errors):
        names = [name for metric in metrics for name in list_parts(metric)]
        rows = [None if answer is None else count(answer, text, names) for answer, text in pairs]
        known = next((row for row in rows if row is not None), count("", "", names))
        for name in known:
            found[name] = np.array([np.nan if row is None else row[name] for row in rows], np.float64)
    return found


def find_parts(measured: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return those of the arrays that were measured which metrics of this module are computed from."""
    known = [part for metric in GENERATED for part in list_parts(metric)]
    return {name: measured[name] for name in known if name in measured}


def list_parts(metric: str) -> tuple[str, ...]:
    """Return the names of the arrays that a metric is computed from."""
    return tuple(_RATES[metric]) if metric in _RATES else (metric,)


def make_sample(parts: Mapping[str, np.ndarray]) -> Sample:
    """Return examples as intervals need them, from the arrays of `score_answers`."""
    rates = {name: rate for name, rate in _RATES.items() if rate.errors in parts}

    def compute(counts: np.ndarray) -> dict[str, np.ndarray]:
        sums = {each: np.nan_to_num(parts[each]) @ counts for rate in rates.values() for each in rate}
        return {name: divide(sums[rate.errors], sums[rate.length]) for name, rate in rates.items()}

    size = len(next(iter(parts.values()))) if parts else 0
    return Sample(
        size,
        proportions={EXACT_MATCH: parts[EXACT_MATCH]} if EXACT_MATCH in parts else {},
        means={name: parts[name] for name in _ROUGE if name in parts},
        compute=compute,
    )


def score(parts: Mapping[str, np.ndarray]) -> dict[str, float]:
    """Return the metrics of a split from the arrays of `score_answers`; NaN where no example has an answer."""
    return measure(make_sample(parts))


def _count_rouge(answer: str, expected: str, names: Collection[str]) -> dict[str, float]:
    wanted = [name for name in _ROUGE if name in names]
    if not wanted:
        return {}
    found, truth = split_words(answer), split_words(expected)
    return {name: _ROUGE_SCORES[name](found, truth) for name in wanted}


def _count_matches(answer: str, expected: str, names: Collection[str]) -> dict[str, float]:
    if EXACT_MATCH not in names:
        return {}
    return {EXACT_MATCH: float(normalise_answer(answer) == normalise_answer(expected))}


def _count_errors(answer: str, expected: str, names: Collection[str]) -> dict[str, float]:
    wanted = [rate for rate in _RATES.values() if rate.errors in names]
    if not wanted:
        return {}
    found, truth = normalise_speech(answer), normalise_speech(expected)
    counted: dict[str, float] = {}
    for rate in wanted:
        split: Callable[[str], Sequence[str]] = _UNITS[rate.length]
        counted[rate.errors] = count_edits(split(truth), split(found))
        counted[rate.length] = len(split(truth))
    return counted


_UNITS: Mapping[str, Callable[[str], Sequence[str]]] = {"words": str.split, "characters": str}


def _score_runs(found: Sequence[str], truth: Sequence[str], length: int) -> float:
    common = count_common_runs(found, truth, length)
    return _f1(common, max(len(found) - length + 1, 0), max(len(truth) - length + 1, 0))


def _f1(common: int, found: int, truth: int) -> float:
    """Return the harmonic mean of precision and recall; 0 where nothing is common."""
    return 2.0 * common / (found + truth) if common else 0.0


_ROUGE_SCORES: Mapping[str, Callable[[Sequence[str], Sequence[str]], float]] = {
    "rouge_1": lambda found, truth: _score_runs(found, truth, 1),
    "rouge_2": lambda found, truth: _score_runs(found, truth, 2),
    "rouge_l": lambda found, truth: _f1(common_length(found, truth), len(found), len(truth)),
}
