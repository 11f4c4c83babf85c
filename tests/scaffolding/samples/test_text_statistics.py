from __future__ import annotations

from kerastune_ft.scaffolding.samples.text_statistics import are_sentences, measure_texts, sample_evenly


def test_a_sample_is_spread_over_all() -> None:
    texts = [str(number) for number in range(100)]
    assert sample_evenly(texts, 4) == ["0", "25", "50", "75"]
    assert sample_evenly(texts[:3], 4) == ["0", "1", "2"]


def test_words_are_counted_without_paths_and_addresses() -> None:
    found = measure_texts(["one two three", "see https://example.org/x.html now", "", "a/b.png"])
    plain = measure_texts(["one two three", "see now", "x"])
    assert found is not None and plain is not None
    assert found == measure_texts(["one two three", "see https://example.org/y.html now", "c/d.png"])
    assert measure_texts(["", ""]) is None


def test_english_is_told_from_other_languages() -> None:
    english, german = measure_texts(["the film was long"]), measure_texts(["der Film war schön"])
    chinese = measure_texts(["电影很长很好看"])
    assert english is not None and german is not None and chinese is not None
    assert english != german
    assert english != chinese


def test_sentences_are_told_from_names_of_classes() -> None:
    assert are_sentences([f"It comes on day {day}." for day in range(9)])
    assert not are_sentences([f"class {number}" for number in range(9)])
    assert not are_sentences(["card did not arrive yet", "top up by bank card"] * 9)
    assert not are_sentences([])
