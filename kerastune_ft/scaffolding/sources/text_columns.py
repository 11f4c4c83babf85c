"""Finding the text columns of a table: one column, or the two of a pair."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from kerastune_ft.errors import DataError
from kerastune_ft.scaffolding.findings import TextStatistics
from kerastune_ft.scaffolding.samples.text_statistics import measure_texts
from kerastune_ft.scaffolding.sources.columns import is_label_name, normalise_name, parse_numbers

# A column whose name means text may hold shorter and more repeated texts.
_STRICT, _NAMED, _PAIRED = (4, 0.5), (2, 0.3), (2, 0.02)
_WORDS = (
    "text", "sentence", "review", "comment", "message", "tweet", "utterance", "body", "content", "post", "article",
    "abstract", "description", "document", "transcript", "passage", "paragraph", "complaint", "feedback", "opinion",
    "query", "question", "prompt", "phrase", "email", "sms", "note", "report", "caption", "summary", "headline",
    "title", "subject",
)  # fmt: skip
_NAME = r".*({})s?(text|body|raw|clean(ed)?|en|english|\d)?"
_PAIRS = (
    ("premise", "hypothesis"), ("question", "answer"), ("question", "passage"), ("question", "context"),
    ("question", "sentence"), ("query", "document"), ("query", "passage"), ("query", "title"), ("query", "text"),
    ("query", "product"), ("context", "response"), ("prompt", "response"), ("post", "reply"), ("claim", "evidence"),
    ("claim", "sentence"), ("source", "translation"), ("reference", "candidate"),
    ("anchor", "candidate"), ("passage", "question"),
)  # fmt: skip
# A title belongs to its text; texts that share a title need not be in the same split.
_TITLES = tuple(
    (title, text)
    for title in ("headline", "title", "subject")
    for text in ("body", "content", "article", "articlebody", "description", "abstract")
)
_TWINS = (("1", "2"), ("a", "b"), ("left", "right"))
_REPEATED = 0.9


@dataclass(frozen=True)
class TextColumns:
    """The `input` option of a table of texts, with its reason."""

    names: tuple[str, ...]
    """One column, or the two of a pair."""
    reason: str
    others: tuple[str, ...]
    """The text columns that were not chosen."""
    measures: TextStatistics
    shared: str | None = None
    """The column of a pair whose texts repeat in several rows."""
    asks: tuple[str, ...] = field(default=())


def find_text_columns(columns: Mapping[str, Sequence[str]], taken: Collection[str]) -> TextColumns | None:
    """Return the text columns of a table; None if no column holds texts."""
    measures = {
        name: found
        for name, texts in columns.items()
        if name not in taken
        and not is_label_name(name)
        and not parse_numbers(texts)
        and (found := measure_texts(texts))
    }
    pair = _find_pair(measures)
    prose = [name for name, found in measures.items() if _is_prose(name, found)]
    if pair:
        return _describe_pair(pair, columns, measures, prose)
    if not prose:
        return None
    chosen, why = _choose(prose, measures)
    others = tuple(name for name in prose if name != chosen)
    asks: tuple[str, ...] = (_ask_about_others(chosen, others, list(columns)),) if others else ()
    found = measures[chosen]
    if len(chosen.split()) >= _STRICT[0]:
        asks += (f'is "{chosen[:60]}" a text? The first line of a table must name its columns; add such a line',)
    return TextColumns((chosen,), f"{found.length_text}; {why}", others, found, asks=asks)


def describe_columns(names: tuple[str, ...], columns: Mapping[str, Sequence[str]]) -> TextColumns:
    """Return the text columns that the user names; raise DataError for one that has no text in it."""
    measures = {name: found for name in names if (found := measure_texts(columns.get(name, ())))}
    if empty := [name for name in names if name not in measures]:
        raise DataError(f'data.input: the column "{empty[0]}" has no text in it')
    if len(names) == 2:
        pair = _describe_pair((names[0], names[1]), columns, measures, ())
        return replace(pair, reason=f"given; together {pair.measures.length_text}")
    found = measures[names[0]]
    return TextColumns(names, f"{found.length_text}; given", (), found)


def _is_prose(name: str, found: TextStatistics) -> bool:
    words, distinct = _STRICT if _rank(name) == len(_WORDS) else _NAMED
    return found.words >= words and found.distinct >= distinct


def _rank(name: str) -> int:
    """Return how clearly a column's name means text; 0 is the clearest."""
    fitting = (place for place, word in enumerate(_WORDS) if re.fullmatch(_NAME.format(word), normalise_name(name)))
    return next(fitting, len(_WORDS))


def _choose(prose: Sequence[str], measures: Mapping[str, TextStatistics]) -> tuple[str, str]:
    best = min(prose, key=lambda name: (_rank(name), -measures[name].words))
    if len(prose) == 1:
        return best, "the only text column"
    if _rank(best) < len(_WORDS):
        return best, "its name means text most clearly"
    return best, "the longest of the text columns"


def _find_pair(measures: Mapping[str, TextStatistics]) -> tuple[str, str] | None:
    words, distinct = _PAIRED
    names = {
        normalise_name(name): name
        for name, found in measures.items()
        if found.words >= words and found.distinct > distinct
    }
    for first, second in (*_PAIRS, *_TITLES):
        if first in names and second in names:
            return names[first], names[second]
    for one, other in _TWINS:
        for bare, name in names.items():
            twin = names.get(bare.removesuffix(one) + other)
            if bare.endswith(one) and len(bare) > len(one) and twin:
                return name, twin
    return None


def _describe_pair(
    pair: tuple[str, str],
    columns: Mapping[str, Sequence[str]],
    measures: Mapping[str, TextStatistics],
    prose: Sequence[str],
) -> TextColumns:
    first, second = (measures[name] for name in pair)
    both = TextStatistics(
        min(first.distinct, second.distinct),
        first.words + second.words,
        first.median + second.median,
        first.most + second.most,
        first.is_foreign or second.is_foreign,
    )
    reason = f"two text columns with the names of a pair; together {both.length_text}"
    fewest = min(pair, key=lambda name: len(set(columns[name])))
    texts = [text for text in columns[fewest] if text]
    is_shared = (normalise_name(pair[0]), normalise_name(pair[1])) not in _TITLES and 2 < len(
        set(texts)
    ) < _REPEATED * len(texts)
    others = tuple(name for name in prose if name not in pair)
    return TextColumns(pair, reason, others, both, fewest if is_shared else None)


def _ask_about_others(chosen: str, others: Sequence[str], order: Sequence[str]) -> str:
    listed = " and ".join(f'"{name}"' for name in others[:5])
    first, second = (f'"{name}"' for name in sorted((chosen, others[0]), key=order.index))
    return (
        f'is "{chosen}" the text? {listed} {"holds" if len(others) == 1 else "hold"} texts too; to read two as a pair, '
        f'write "input": [{first}, {second}] in data'
    )
