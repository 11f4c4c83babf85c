"""Classes that the user should look at: those that look alike, and words for a value that is not there."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from kerastune_ft.data.labels.base import Labels
from kerastune_ft.data.labels.spelling import (
    classes_that_merge,
    differ_unseen,
    explain_difference,
    find_misspellings,
    plain_form,
    quote,
    reads_as_missing,
)

_SHOWN = 5


def note_doubtful(labels: Labels, is_listed: bool) -> list[str]:
    """Return sentences on classes that look like others, and on those that read as missing labels.

    `is_listed` says whether task.classes names the classes, so that the user has seen them.
    """
    counts = labels.counts(np.arange(len(labels.numbers)))
    wrong = find_misspellings(counts)
    if is_listed:
        # What was written down by hand differs on purpose, unless the difference can hardly be seen.
        wrong = {one: other for one, other in wrong.items() if differ_unseen(one, other)}
        return _note_alike(counts, wrong, "Name them so that they can be told apart, or alike, in task.classes")
    remedy = (
        "They are learnt as classes of their own; if they are one, correct the data, or write  "
        f"{classes_that_merge(counts, wrong)}  in task, which lists every label"
    )
    return [*_note_alike(counts, wrong, remedy), *_note_missing(counts)]


def _note_alike(counts: Mapping[str, int], wrong: Mapping[str, str], remedy: str) -> list[str]:
    pairs = []
    for label, right in wrong.items():
        both = f"{quote(label)} ({counts[label]:,}) and {quote(right)} ({counts[right]:,})"
        is_same = plain_form(label) == plain_form(right)
        pairs.append(f"{both} {f'differ {explain_difference(label, right)} alone' if is_same else 'are spelt alike'}")
    more = f"; and {len(pairs) - _SHOWN} more" if len(pairs) > _SHOWN else ""
    return [f"labels: {'; '.join(pairs[:_SHOWN])}{more}. {remedy}"] if pairs else []


def _note_missing(counts: Mapping[str, int]) -> list[str]:
    words = [f"{quote(label)} ({count:,})" for label, count in counts.items() if reads_as_missing(label)]
    if not words:
        return []
    subject = f"the class {words[0]} reads as a label" if len(words) == 1 else f"{', '.join(words)} read as labels"
    return [
        f"labels: {subject} that is missing, and is learnt as a class; write the labels or take the examples out, or, "
        "if it is a class, list it in task.classes"
    ]
