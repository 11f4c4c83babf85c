"""Labels that are probably others written otherwise, as `Positive` or `positve` beside `positive`."""

from __future__ import annotations

import difflib
import json
import re
import unicodedata
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from decimal import Decimal

# A misspelt label is rarer than the right one by at least so much, and as like it as this.
_TIMES = 5
_LIKE = 0.85
_SHORTEST = 4
_MOST = 500
_SHOWN = 8
_LONGEST_NUMBER = 25
# Differences that a reader sees.
_SEEN = ("in letter case", "in how the number is written", "in blanks, hyphens or underscores")
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d{1,3})?")
# Between letters and digits these part words as a blank does; elsewhere, as in the grade A-, they mean something.
_JOINTS = re.compile(r"(?<=\w)[-_](?=[^\W_])|(?<=[^\W_])_(?=\w)")
# Cyrillic and Greek letters that look like Latin ones.
_LATIN = str.maketrans(
    "\u0430\u0441\u0435\u043e\u0440\u0445\u0443\u0456\u0458\u0455\u04bb\u0501\u03bf", "aceopxyijshdo"
)
# Controls and formats: zero-width characters, soft hyphens, byte order marks, directions.
_INVISIBLE = frozenset(("Cc", "Cf"))
# Words that programs write for a value that is not there. "none" and "na" may be classes, as may a country's NA.
_MISSING = frozenset(
    (
        "nan", "-nan", "n/a", "#n/a", "#na", "<na>", "nat", "null", "<null>", "\\n", "#value!", "#ref!", "#div/0!",
        "?", "??", "-", "--", "missing",
    )
)  # fmt: skip


def normalise(label: str) -> str:
    """Return a label in composed Unicode letters (NFC), in which labels that look the same mostly are the same."""
    return label if label.isascii() else unicodedata.normalize("NFC", label)


def plain_form(label: str) -> str:
    """Return what labels share that differ in letter case, blanks, joints of words or the form of a number only."""
    if label.isascii() and label.isalpha():
        return label.lower()
    plain = _fold(unicodedata.normalize("NFKC", label))
    if _NUMBER.fullmatch(plain):
        # Not as floats, in which long numbers are equal that differ; 0 is added to -0.
        return str((Decimal(plain) + 0).normalize()) if len(plain) <= _LONGEST_NUMBER else plain
    return unicodedata.normalize("NFC", _JOINTS.sub(" ", plain).translate(_LATIN))


def reads_as_missing(label: str) -> bool:
    """Tell whether a label is a word that programs write for a value that is not there, as `nan` or `#N/A`."""
    return plain_form(label) in _MISSING


def find_misspellings(counts: Mapping[str, int], among: Iterable[str] | None = None) -> dict[str, str]:
    """Return labels that look like a larger one written otherwise, each with that; `counts` are examples by label.

    `among` are the labels that are looked at, all unless told otherwise.
    """
    # Of those that look alike the one that can be read and typed is right, else the largest, the shortest.
    sizes = {label: (_is_clean(label), label.isascii(), count, -len(label), label) for label, count in counts.items()}
    forms = {label: plain_form(label) for label in counts}
    alike: dict[str, list[str]] = defaultdict(list)
    for label, form in forms.items():
        alike[form].append(label)
    # Of so many names some are similar by chance.
    is_few = len(counts) <= _MOST
    found = {}
    for label in counts if among is None else among:
        larger = [other for other in alike[forms[label]] if sizes[other] > sizes[label]]
        if not larger and is_few:
            rival = [other for other in counts if counts[other] >= max(_TIMES * counts[label], 1)]
            larger = [other for other in rival if _are_similar(forms[label], forms[other])]
        if larger:
            found[label] = max(larger, key=sizes.__getitem__)
    return found


def find_meant(label: str, among: Iterable[str]) -> str | None:
    """Return which of these labels another one probably is, written otherwise; None where none is like it."""
    form, near = plain_form(label), []
    for other in among:
        if plain_form(other) == form:
            return other
        if _are_similar(form, plain_form(other)):
            near.append(other)
    return max(near, key=lambda other: (_similarity(form, plain_form(other)), other), default=None)


def find_label(name: str, labels: Collection[str]) -> str | None:
    """Return which of these labels a name in a configuration is, in whatever Unicode letters; None where it is none."""
    if name in labels:
        return name
    return next((label for label in labels if normalise(label) == normalise(name)), None)


def explain_unknown(name: str, labels: Collection[str]) -> str:
    """Return the message about a name in a configuration that is no label, with the one that is meant if any is."""
    meant = find_meant(name, labels)
    hint = f"did you mean {quote(meant)}?" if meant else f"the classes are {', '.join(labels)}"
    return f"{name!r} is not a class; {hint}"


def explain_difference(label: str, other: str) -> str:
    """Return in what two labels of one plain form differ."""
    if normalise(label) == normalise(other):
        return "in the Unicode letters they are written with"
    if label.casefold() == other.casefold():
        return "in letter case"
    if "".join(label.casefold().split()) == "".join(other.casefold().split()):
        return "in blanks"
    one, two = _fold(label), _fold(other)
    if one == two:
        return "in invisible letters"
    if _NUMBER.fullmatch(one):
        return "in how the number is written"
    if _JOINTS.sub(" ", one) == _JOINTS.sub(" ", two):
        return "in blanks, hyphens or underscores"
    return "in letters that look alike"


def differ_unseen(label: str, other: str) -> bool:
    """Return whether two labels differ in blanks, invisible letters or Unicode letters of one shape alone."""
    if plain_form(label) != plain_form(other):
        return False
    return explain_difference(label, other) not in _SEEN


def quote(text: str) -> str:
    """Return a text in quotes as JSON has it, with what cannot be seen or told from a blank as `\\u200b`."""
    quoted = json.dumps(text, ensure_ascii=False)
    return "".join(_escape(letter) if _is_hidden(letter) else letter for letter in quoted)


def classes_that_merge(counts: Iterable[str], wrong: Mapping[str, str]) -> str:
    """Return `classes` of a task that takes each of `wrong` for what it stands for; `counts` are all labels."""
    # The order of classes is that of their first mention, so the wrong ones come last.
    labels = {label: label for label in counts if label not in wrong} | dict(wrong)
    if len(labels) <= _SHOWN:
        return f'"classes": {_quote_pairs(labels)}'
    return f'"classes": {_quote_pairs(dict(list(wrong.items())[:_SHOWN]))[:-1]}, ...}}'


def _quote_pairs(labels: Mapping[str, str]) -> str:
    return f"{{{', '.join(f'{quote(label)}: {quote(name)}' for label, name in labels.items())}}}"


def _fold(label: str) -> str:
    """Return a label without letter case, invisible letters and differences in blanks."""
    seen = "".join(letter for letter in label if not _is_invisible(letter))
    return " ".join(seen.casefold().split())


def _is_clean(label: str) -> bool:
    plain = " ".join(unicodedata.normalize("NFKC", label).split())
    return label == plain and not any(map(_is_hidden, label))


def _is_invisible(letter: str) -> bool:
    return not letter.isspace() and unicodedata.category(letter) in _INVISIBLE


def _is_hidden(letter: str) -> bool:
    return letter != " " and (letter.isspace() or _is_invisible(letter))


def _escape(letter: str) -> str:
    return json.dumps(letter)[1:-1]


def _are_similar(one: str, two: str) -> bool:
    if min(len(one), len(two)) < _SHORTEST:
        return False
    # Another number is another label, and "abnormal" is no slip for "normal".
    if re.findall(r"\d+", one) != re.findall(r"\d+", two) or one.endswith(two) or two.endswith(one):
        return False
    return _similarity(one, two) >= _LIKE


def _similarity(one: str, two: str) -> float:
    return difflib.SequenceMatcher(None, one, two).ratio()
