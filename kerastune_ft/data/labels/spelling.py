"""Labels that are probably others spelt otherwise, as `Positive` or `positve` beside `positive`."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterable, Mapping

# A misspelt label is rarer than the right one by at least so much, and as like it as this.
_TIMES = 5
_LIKE = 0.85
_SHORTEST = 4
_MOST = 500
_SHOWN = 8


def find_misspellings(counts: Mapping[str, int], among: Iterable[str] | None = None) -> dict[str, str]:
    """Return labels that look like a larger one spelt otherwise, each with that; `counts` are examples by label.

    `among` are the labels that are looked at, all unless told otherwise.
    """
    if len(counts) > _MOST:
        # Of so many names some are alike by chance.
        return {}
    sizes = {label: (count, label) for label, count in counts.items()}
    found = {}
    for label in counts if among is None else among:
        larger = [other for other in counts if sizes[other] > sizes[label] and _means(label, other, counts)]
        if larger:
            found[label] = max(larger, key=sizes.__getitem__)
    return found


def classes_that_merge(counts: Iterable[str], wrong: Mapping[str, str]) -> str:
    """Return `classes` of a task that takes each of `wrong` for what it stands for; `counts` are all labels."""
    # The order of classes is that of their first mention, so the wrong ones come last.
    labels = {label: label for label in counts if label not in wrong} | dict(wrong)
    if len(labels) <= _SHOWN:
        return f'"classes": {json.dumps(labels, ensure_ascii=False)}'
    shown = json.dumps(dict(list(wrong.items())[:_SHOWN]), ensure_ascii=False)
    return f'"classes": {shown[:-1]}, ...}}'


def _means(label: str, other: str, counts: Mapping[str, int]) -> bool:
    one, two = (" ".join(text.casefold().split()) for text in (label, other))
    if one == two:
        return True
    if min(len(one), len(two)) < _SHORTEST or counts[other] < _TIMES * counts[label]:
        return False
    # Another number is another label, and "abnormal" is no slip for "normal".
    if re.findall(r"\d+", one) != re.findall(r"\d+", two) or one.endswith(two) or two.endswith(one):
        return False
    return difflib.SequenceMatcher(None, one, two).ratio() >= _LIKE
