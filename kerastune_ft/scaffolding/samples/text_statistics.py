"""Statistics of texts: whether they are prose, their length, and whether they are English."""

from __future__ import annotations

import re
import statistics
from collections.abc import Sequence

from kerastune_ft.scaffolding.findings import TextStatistics

_SAMPLE = 2_000
# Scripts without spaces between words: kana, Chinese characters, Thai. Two letters are about one word.
_UNSPACED = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\u0e00-\u0e7f]")
_LETTERS_A_WORD = 2
_MARKUP = re.compile(r"\S*(://|\\|/.*\.)\S*")
# So many words in the mean, and so large a share of different texts, are sentences, and no names of classes.
_WORDS, _DISTINCT = 3.5, 0.5
# Names and loan words have occasional accents; 1 letter in 100 means another language.
_FOREIGN = 0.01


def sample_evenly(texts: Sequence[str], most: int = _SAMPLE) -> list[str]:
    """Return a sample of the texts, evenly spread over all of them."""
    step = max(1.0, len(texts) / most)
    return [texts[int(place * step)] for place in range(min(most, len(texts)))]


def measure_texts(texts: Sequence[str]) -> TextStatistics | None:
    """Return the statistics of the texts that are not empty; None if all are."""
    chosen = sample_evenly([text for text in texts if text])
    if not chosen:
        return None
    words = sorted(map(_words, chosen))
    letters = [letter for text in chosen for letter in text if letter.isalpha()]
    foreign = sum(letter > "\x7f" for letter in letters)
    return TextStatistics(
        len(set(chosen)) / len(chosen),
        statistics.fmean(words),
        int(statistics.median(words)),
        words[int(0.95 * (len(words) - 1))],
        foreign > _FOREIGN * len(letters),
    )


def are_sentences(texts: Sequence[str]) -> bool:
    """Return whether labels are sentences that differ from row to row, and not names of classes."""
    found = measure_texts(texts)
    return found is not None and found.words >= _WORDS and found.distinct > _DISTINCT


def _words(text: str) -> int:
    """Return about how many words a text has; paths and URLs do not count."""
    pieces = [piece for piece in text.split() if any(map(str.isalpha, piece)) and not _MARKUP.fullmatch(piece)]
    return max(len(pieces), len(_UNSPACED.findall(text)) // _LETTERS_A_WORD)
