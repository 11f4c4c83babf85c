from __future__ import annotations

import numpy as np
import pytest

from kerastune_ft.inspection.contents.shingles import ALIKE, find_alike, normalise_text

WORDS = [
    *("river", "stone", "bright", "window", "garden", "paper", "letter", "market", "silver", "morning", "quiet"),
    *("story", "wooden", "table", "summer", "bridge", "yellow", "captain", "winter", "village", "doctor", "engine"),
    *("island", "mirror", "forest", "pocket", "kitchen"),
]


def _make(count: int, words: int, seed: int = 0) -> list[str]:
    random = np.random.default_rng(seed)
    return [" ".join(random.choice(WORDS, words)) for _ in range(count)]


def test_what_a_text_says_counts_and_not_how_it_is_written() -> None:
    assert normalise_text("  Caf\u00e9,  NOW! ") == normalise_text("cafe\u0301 now")
    assert normalise_text("?!") == "?!"
    assert normalise_text("x") != normalise_text("y")
    assert normalise_text("so\u00adft \u2764\ufe0f") == normalise_text("soft \u2764")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("\u0915\u093f", "\u0915\u0940"),  # ki and kii: vowel signs of Devanagari
        ("\u0e01\u0e34\u0e19", "\u0e01\u0e31\u0e19"),  # Thai
        ("great \U0001f600", "great \U0001f621"),
        ("C++", "C"),
        ("5 \u20ac", "5 $"),
    ],
)
def test_signs_that_change_what_is_said_count(one: str, other: str) -> None:
    assert normalise_text(one) != normalise_text(other)


def _share(one: str, other: str) -> float:
    first, second = ({f" {text} "[at : at + 4] for at in range(len(text) - 1)} for text in (one, other))
    return len(first & second) / len(first | second)


def test_pairs_are_those_that_have_enough_in_common() -> None:
    texts = _make(120, 12)
    for place, other in ((3, 40), (5, 41), (7, 42)):
        words = texts[place].split()
        texts[other] = " ".join(words[:6] + words[7:])
    found = {(first, second): share for first, second, share in find_alike(texts)}
    for (first, second), share in found.items():
        np.testing.assert_allclose(share, _share(texts[first], texts[second]))
    every = {
        (first, second)
        for first in range(len(texts))
        for second in range(first + 1, len(texts))
        if _share(texts[first], texts[second]) >= ALIKE
    }
    assert set(found) == every == {(3, 40), (5, 41), (7, 42)}


def test_many_short_texts_that_share_much_stay_bounded() -> None:
    """Each of them agrees with most others in some band: comparing all pairs would be two million."""
    texts = [f"ok {number % 40}" for number in range(2000)]
    found = find_alike(texts, 1.0)
    # Of each of the 40 texts all copies are joined, though not all pairs of them are named.
    assert 2000 - 40 <= len(found) < 2000 * 20 * 6
    assert all(texts[first] == texts[second] for first, second, _ in found)


def test_short_texts_and_single_letters() -> None:
    assert find_alike(["a", "b", "a"]) == [(0, 2, 1.0)]
