"""Answers to a sample of the examples of a split, and what metrics of written texts need of them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from typing import Any, cast

import numpy as np

from kerastune_ft.errors import ConfigError
from kerastune_ft.metrics.texts.score import ANSWERED, TEXTS, score_answers
from kerastune_ft.training.session.session import Session
from kerastune_ft.training.writing.answerers import ANSWERERS, find_kind, make_writer

# Examples between two reports of progress.
_GROUP = 32


def choose_examples(keys: Sequence[str], indices: np.ndarray, count: int | None) -> np.ndarray:
    """Return the places among `indices` of the examples that answers are written for, ascending; all for None.

    They are those whose keys have the lowest hashes, so that a larger sample has all of a smaller one, and neither
    seed nor order of the data matters.
    """
    if count is None or count >= len(indices):
        return np.arange(len(indices))
    hashes = [hashlib.sha256(keys[index].encode("utf-8", "surrogatepass")).digest() for index in indices]
    return np.sort(sorted(range(len(indices)), key=lambda place: hashes[place])[:count])


def require_kind(session: Session, metrics: Sequence[str]) -> str:
    """Return how examples are answered, see `find_kind`; raise ConfigError where metrics of answers have none."""
    kind = find_kind(session)
    if kind is None:
        raise ConfigError(
            f"task.metrics: {', '.join(metrics)}: answers are compared with those of the data, and here is nothing to "
            'answer; write "metrics": [], or give a column of answers (data.label)'
        )
    return kind


def add_answers(
    session: Session,
    indices: np.ndarray,
    metrics: Sequence[str],
    count: int | None,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> dict[str, np.ndarray]:
    """Return by name what answers to examples add to `metrics`, and the answers with what was asked and expected.

    Answers are written for `count` of the examples; the others have NaN, and empty texts. Raises ConfigError for a
    model that writes no answers.
    """
    kind = require_kind(session, metrics)
    places = choose_examples(session.source.keys, indices, count)
    texts: list[tuple[str, str, str | None]] = [("", "", None)] * len(indices)
    writer, task = make_writer(session, kind), cast(Any, session.task)
    for start in range(0, len(places), _GROUP):
        own = places[start : start + _GROUP]
        found = ANSWERERS[kind](session, writer, indices[own].tolist(), task.options.generate)
        for place, each in zip(own.tolist(), found, strict=True):
            texts[place] = each.prompt, each.expected, each.answer
        progress(min(start + _GROUP, len(places)), len(places))
    prompts, expected, answers = (list(column) for column in zip(*texts, strict=True))
    parts = score_answers(answers, expected, metrics)
    shown = (prompts, expected, [answer or "" for answer in answers])
    columns = {name: np.array(values, object) for name, values in zip(TEXTS, shown, strict=True)}
    answered = np.array([answer is not None for answer in answers], np.int64)
    return {**parts, ANSWERED: answered, **columns}
