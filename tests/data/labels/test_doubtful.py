from __future__ import annotations

import json
import re

import pytest

from kerastune_ft.config.options.tasks import ImageClassification
from kerastune_ft.data.labels.doubtful import note_doubtful
from kerastune_ft.data.labels.number import number_labels
from kerastune_ft.data.labels.raw import LabelSets, SingleLabels


def notes_of(words: list[str], each: int = 12, several: bool = False) -> list[str]:
    texts = [word for word in words for _ in range(each)]
    raw = LabelSets([(text,) for text in texts]) if several else SingleLabels(texts)
    task = ImageClassification(multi_label=several)
    return note_doubtful(number_labels(raw, [str(n) for n in range(len(texts))], task, "t.csv"), is_listed=False)


@pytest.mark.parametrize("several", [False, True])
@pytest.mark.parametrize(
    ("words", "difference", "right"),
    [
        (["Cat", "cat", "dog"], "letter case", "cat"),
        (["1", "1.0", "2"], "how the number is written", "1"),
        (["01", "1", "2"], "how the number is written", "1"),
        (["cat", "cat\u200b", "dog"], "invisible letters", "cat"),
        (["ca\u00adt", "cat", "dog"], "invisible letters", "cat"),
        (["TRUE", "True", "false"], "letter case", "True"),
        (["New York", "New\u00a0York", "Paris"], "blanks", "New York"),
        (["cat", "cat ", "dog"], "blanks", "cat"),
        (["\uff43\uff41\uff54", "cat", "dog"], "letters that look alike", "cat"),
    ],
)
def test_classes_that_look_alike_are_noted_with_the_line_that_merges_them(
    words: list[str], difference: str, right: str, several: bool
) -> None:
    (note,) = notes_of(words, several=several)
    assert f"differ in {difference} alone" in note
    found = re.search(r'"classes": (\{.*\})  in task', note)
    assert found is not None
    classes = json.loads(found[1])
    assert set(classes) == set(words)
    assert len(set(classes.values())) == 2
    assert right in classes.values()
    assert note.isprintable()
    merged = number_labels(SingleLabels(words * 3), list("abcdefghi"), ImageClassification(classes=classes), "t.csv")
    assert sorted(merged.counts(range(9)).values()) == [3, 6]


def test_labels_in_other_unicode_letters_are_one() -> None:
    assert notes_of(["K\u00e4se", "Ka\u0308se", "Brot"]) == []
    labels = number_labels(SingleLabels(["Ka\u0308se", "K\u00e4se", "Brot"]), list("abc"), ImageClassification(), "t")
    assert (labels.names, labels.numbers.tolist()) == (("Brot", "K\u00e4se"), [1, 1, 0])
    listed = ImageClassification(classes=("Ka\u0308se", "Brot"))
    assert number_labels(SingleLabels(["K\u00e4se", "Brot"]), list("ab"), listed, "t").numbers.tolist() == [0, 1]
    sets = LabelSets([("K\u00e4se", "Ka\u0308se"), ("Brot",)])
    assert number_labels(sets, list("ab"), ImageClassification(multi_label=True), "t").numbers.tolist() == [
        [0, 1],
        [1, 0],
    ]


def test_a_rare_class_that_is_another_misspelt_is_noted() -> None:
    texts = ["Platelets"] * 60 + ["Platlets"] * 4 + ["Neutrophils"] * 50
    labels = number_labels(SingleLabels(texts), [str(n) for n in range(114)], ImageClassification(), "t.csv")
    (note,) = note_doubtful(labels, is_listed=False)
    assert '"Platlets" (4) and "Platelets" (60) are spelt alike' in note
    assert '"Platlets": "Platelets"' in note
    assert note_doubtful(labels, is_listed=True) == []


@pytest.mark.parametrize("word", ["nan", "NaN", "N/A", "#N/A", "null", "NULL", "<NA>", "#REF!"])
def test_words_for_a_missing_value_are_noted(word: str) -> None:
    (note,) = notes_of([word, "cat", "dog"])
    assert f'the class "{word}" (12) reads as a label that is missing' in note


def test_words_that_may_be_classes_are_not() -> None:
    assert notes_of(["none", "na", "normal", "nano", "Null Island"]) == []


def test_classes_that_are_listed_are_noted_where_the_difference_is_hardly_seen() -> None:
    def notes(words: tuple[str, ...]) -> list[str]:
        labels = number_labels(SingleLabels(words * 4), list("abcdefgh"), ImageClassification(classes=words), "t")
        return note_doubtful(labels, is_listed=True)

    assert notes(("A", "a")) == notes(("nan", "cat")) == []
    assert "told apart" in notes(("cat", "cat "))[0]
