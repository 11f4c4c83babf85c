from __future__ import annotations

import json

import pytest

from kerastune_ft.data.labels.spelling import (
    classes_that_merge,
    explain_difference,
    explain_unknown,
    find_label,
    find_meant,
    find_misspellings,
    quote,
    reads_as_missing,
)


@pytest.mark.parametrize(
    ("counts", "found"),
    [
        (
            {"positive": 90, "positve": 1, "Positive": 2, "negative": 80},
            {"positve": "positive", "Positive": "positive"},
        ),
        ({"Cat": 40, "cat": 50, "dog": 50}, {"Cat": "cat"}),
        ({"no  finding": 3, "No Finding": 9}, {"no  finding": "No Finding"}),
        ({"abnormal": 2, "normal": 90}, {}),
        ({"class_1": 2, "class_2": 90}, {}),
        ({"cap": 1, "cat": 90}, {}),
        ({"colour": 30, "colours": 90}, {}),
        ({"negative": 1, "positive": 90}, {}),
        ({"1": 1, "10": 90}, {}),
    ],
)
def test_rare_labels_that_look_like_frequent_ones(counts: dict[str, int], found: dict[str, str]) -> None:
    assert find_misspellings(counts) == found


@pytest.mark.parametrize(
    ("one", "other", "difference"),
    [
        ("heart attack", "heart_attack", "in blanks, hyphens or underscores"),
        ("heart-attack", "heart_attack", "in blanks, hyphens or underscores"),
        ("\u0440os", "pos", "in letters that look alike"),
        ("\uff21", "A", "in letters that look alike"),
        ("-0", "0", "in how the number is written"),
        ("1e0", "1", "in how the number is written"),
    ],
)
def test_labels_that_look_alike_are_one_written_otherwise(one: str, other: str, difference: str) -> None:
    assert find_misspellings({one: 20, other: 20}) == {one: other}
    assert explain_difference(one, other) == difference


@pytest.mark.parametrize(
    ("one", "other"),
    [("A-", "A"), ("A+", "A"), ("-1", "1"), ("c++", "c"), ("0-1", "01"), (f"{10**19}", f"{10**19 + 1}")],
)
def test_labels_that_mean_something_else_are_left_alone(one: str, other: str) -> None:
    assert find_misspellings({one: 20, other: 20}) == {}


@pytest.mark.parametrize(("label", "is_missing"), [("?", True), ("-", True), ("missing", True), ("unknown", False)])
def test_words_that_stand_for_a_missing_label(label: str, is_missing: bool) -> None:
    assert reads_as_missing(label) is is_missing


def test_many_labels_are_not_compared() -> None:
    assert find_misspellings({f"name{'x' * number}": 1 for number in range(600)} | {"name": 90}) == {}


def test_the_map_that_merges_keeps_the_order_of_the_classes() -> None:
    wrong = {"Positive": "positive"}
    merged = classes_that_merge(["Positive", "negative", "positive"], wrong)
    assert merged == '"classes": {"negative": "negative", "positive": "positive", "Positive": "positive"}'
    assert classes_that_merge([*map(str, range(20)), "Positive"], wrong) == '"classes": {"Positive": "positive", ...}'


@pytest.mark.parametrize(
    ("label", "among", "meant"),
    [
        ("cat", ["Cat", "dog"], "Cat"),
        ("Ka\u0308se", ["Brot", "K\u00e4se"], "K\u00e4se"),
        ("Platlets", ["Platelets", "Plates"], "Platelets"),
        ("1.0", ["10", "1"], "1"),
        ("abnormal", ["normal"], None),
        ("cow", ["Cat", "dog"], None),
    ],
)
def test_the_label_that_is_probably_meant(label: str, among: list[str], meant: str | None) -> None:
    assert find_meant(label, among) == meant


def test_of_labels_that_look_alike_the_clean_one_is_right() -> None:
    assert find_misspellings({"cat\u200b": 90, "cat": 3, "dog": 9}) == {"cat\u200b": "cat"}
    many = {f"class {number}": 5 for number in range(600)} | {"Class 7": 2}
    assert find_misspellings(many) == {"Class 7": "class 7"}


def test_what_cannot_be_seen_is_quoted_as_json_reads_it() -> None:
    for text in ("cat\u200b", "New\u00a0York", "K\u00e4se", 'a"b\\', "\ufeff"):
        assert json.loads(quote(text)) == text
        assert quote(text).isprintable()
    assert quote("cat\u200b") == '"cat\\u200b"'
    assert quote("K\u00e4se") == '"K\u00e4se"'


def test_names_in_a_configuration_are_found_in_whatever_unicode_letters() -> None:
    assert find_label("Ka\u0308se", ("Brot", "K\u00e4se")) == "K\u00e4se"
    assert find_label("kase", ("Brot", "K\u00e4se")) is None
    assert explain_unknown("Brott", ("Brot", "Milch")) == "'Brott' is not a class; did you mean \"Brot\"?"
    assert explain_unknown("Ei", ("Brot", "Milch")) == "'Ei' is not a class; the classes are Brot, Milch"
