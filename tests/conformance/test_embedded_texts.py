from __future__ import annotations

import hashlib

import numpy as np
import pytest

from kerastune_ft.data.embedded import TEXTS, embedded_texts

# A change of any text is a new version of the data set: raise VERSION and put the new digest here.
DIGESTS = {"reviews": ("1.0.0", "c17d40341ecfdc01"), "sentence_pairs": ("1.0.0", "7f477710e2d9c36d")}


@pytest.mark.parametrize("name", TEXTS)
def test_texts_do_not_change_without_a_new_version(name: str) -> None:
    source = embedded_texts(name)
    every = [(*source.text(index), str(source.label(index))) for index in range(source.EXAMPLES)]
    assert all(text == text.strip() and text for texts in every for text in texts)
    assert (source.VERSION, hashlib.sha256(repr(every).encode()).hexdigest()[:16]) == DIGESTS[name]


@pytest.mark.parametrize("name", TEXTS)
def test_splits_cover_every_example_once(name: str) -> None:
    source = embedded_texts(name)
    assert sorted(index for span in source.SPLITS.values() for index in span) == list(range(source.EXAMPLES))


def test_classes_of_reviews_are_balanced_and_follow_from_the_words() -> None:
    source = embedded_texts("reviews")
    labels = [source.label(index) for index in range(source.EXAMPLES)]
    counts = np.bincount(np.array(labels, int))
    assert counts.min() > 0.9 * counts.max()
    plain = [index for index in range(source.EXAMPLES) if "superb" in source.text(index)[0]]
    assert plain
    for index in plain:
        assert source.label(index) == int("not " not in source.text(index)[0])


def test_similarity_is_the_number_of_parts_in_common() -> None:
    source = embedded_texts("sentence_pairs")
    labels = [source.label(index) for index in range(source.EXAMPLES)]
    assert sorted(set(labels)) == [0, 1, 2, 3, 4, 5]
    for index, label in enumerate(labels):
        first, second = source.text(index)
        assert (first == second) == (label == 5)
