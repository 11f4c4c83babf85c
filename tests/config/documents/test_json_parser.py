from __future__ import annotations

import json
import random

import pytest

from kerastune_ft.config.documents.json_parser import BrokenDocument, parse

BROKEN = [
    ("", 1, 1, "the file is empty"),
    ("  \n ", 2, 2, "the file is empty"),
    ("{", 1, 2, "the file ends before the } that closes line 1"),
    ('{\n"a": [1,\n', 3, 1, "the file ends before the ] that closes line 2"),
    ('{"a": 1,}', 1, 8, "there is a comma before the closing }; remove the comma"),
    ('{"a": [1,\n]}', 1, 9, "there is a comma before the closing ]; remove the comma"),
    ("{'a': 1}", 1, 2, "a key in double quotes belongs here, not 'a'"),
    ("{\"a\": 'x'}", 1, 7, "texts need double quotes, not single ones"),
    ("{a: 1}", 1, 2, "a key in double quotes belongs here, not a"),
    ('{"a" 1}', 1, 6, 'a colon is missing after the key "a"'),
    ('{"a": 1\n "b": 2}', 2, 2, 'a comma is missing before "b"'),
    ('{"a": [1 2]}', 1, 10, "a comma is missing before 2"),
    ('{"a": True}', 1, 7, "True is Python; write true"),
    ('{"a": None}', 1, 7, "None is Python; write null"),
    ('{"a": adam}', 1, 7, 'adam has no quotes; write "adam"'),
    ('{"a": .5}', 1, 7, ".5 is not a JSON number"),
    ('{"a": 01}', 1, 7, "01 is not a JSON number"),
    ('{"a": +1}', 1, 7, "+1 is not a JSON number"),
    ('{"a": 1.}', 1, 7, "1. is not a JSON number"),
    ('{"a": ' + "1" * 400 + "}", 1, 7, "is not a JSON number"),
    ('{"a": }', 1, 7, "a value is missing before }"),
    ('{"a": ', 1, 7, "a value is missing before the end of the file"),
    ('{"a": 1} x', 1, 10, "there is text after the end of the document: x"),
    ('{"a": 1}}', 1, 9, "there is text after the end of the document: }"),
    ("// hello\n{}", 1, 1, "JSON has no comments"),
    ('{\n  # hello\n "a": 1}', 2, 3, "JSON has no comments"),
    ('{"a": 1 /* one */}', 1, 9, "JSON has no comments"),
    ('{"a": "x', 1, 7, "the closing double quote is missing"),
    ('{"a": "x\n"}', 1, 9, "a text ends on its own line"),
    ('{"a": "C:\\Users"}', 1, 10, "a lone backslash in a text"),
    ("[" * 80 + "]" * 80, 1, 66, "more than 64 levels of nesting"),
]


@pytest.mark.parametrize(("text", "line", "column", "message"), BROKEN)
def test_broken_text_is_placed_and_explained(text: str, line: int, column: int, message: str) -> None:
    with pytest.raises(BrokenDocument) as caught:
        parse(text, "a.json")
    last = caught.value.problems[-1]
    assert (last.place.line, last.place.column) == (line, column)
    assert message in last.message


def test_every_key_and_value_has_its_place() -> None:
    document, problems = parse('{\n  "a": {"b": [1,\n   true]}\n}', "a.json")
    assert not problems
    inner = document.value["a"].value["b"]
    assert (inner.key.line, inner.key.column, inner.place.line, inner.place.column) == (2, 9, 2, 14)
    flag = inner.value[1]
    assert (flag.place.line, flag.place.column, flag.place.path) == (3, 4, ("a", "b", 1))


def test_duplicate_keys_are_all_named_and_the_first_is_kept() -> None:
    document, problems = parse('{"a": 1,\n "b": {"c": 1, "c": 2},\n "a": 3}', "a.json")
    assert document.plain() == {"a": 1, "b": {"c": 1}}
    assert [(one.place.path, one.place.line) for one in problems] == [(("b", "c"), 2), (("a",), 3)]
    assert "first at line 1" in problems[1].message


def test_comment_keys_may_stand_twice() -> None:
    assert parse('{"//": 1, "//": 2}', "a.json")[1] == []


@pytest.mark.parametrize("word", ["NaN", "Infinity", "-Infinity", "nan", "1e999"])
def test_numbers_that_are_none_are_problems_and_reading_goes_on(word: str) -> None:
    document, problems = parse(f'{{"a": {word}, "b": 2}}', "a.json")
    assert [one.place.column for one in problems] == [7]
    assert word in problems[0].message
    assert document.value["b"].plain() == 2


def _anything(draw: random.Random, depth: int) -> object:
    kind = draw.randrange(7 if depth else 5)
    if kind == 5:
        return [_anything(draw, depth - 1) for _ in range(draw.randrange(4))]
    if kind == 6:
        return {f"k{index}é": _anything(draw, depth - 1) for index in range(draw.randrange(4))}
    return [None, draw.random() < 0.5, draw.randrange(-9, 9), draw.uniform(-1e9, 1e-9), 'a "q" \\ \n é 😀'][kind]


@pytest.mark.parametrize("seed", range(40))
def test_it_reads_what_json_writes(seed: int) -> None:
    draw = random.Random(seed)
    value = _anything(draw, 4)
    for options in ({}, {"indent": 2}, {"ensure_ascii": False}):
        document, problems = parse(json.dumps(value, **options), "a.json")
        assert (document.plain(), problems) == (value, [])
