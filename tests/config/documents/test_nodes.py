from __future__ import annotations

from pathlib import Path

import pytest

from kerastune_ft.config.documents.nodes import (
    Place,
    as_node,
    format_path,
    format_pointer,
    short_json,
    without_comments,
)


def test_everything_in_a_value_knows_its_path() -> None:
    node = as_node({"phases": [{"name": "head"}], "path": Path("x")}, Place("a.json"))
    name = node.find("phases").find(0).find("name")  # type: ignore[union-attr]
    assert name is not None
    assert (name.value, format_path(name.place.path), format_pointer(name.place.path)) == (
        "head",
        "phases[0].name",
        "/phases/0/name",
    )
    assert node.plain() == {"phases": [{"name": "head"}], "path": "x"}
    assert node.find("phase") is None
    assert node.find("phases").find(1) is None  # type: ignore[union-attr]


def test_a_pointer_escapes_what_has_a_meaning_in_it() -> None:
    assert format_pointer(("a/b", "c~d")) == "/a~1b/c~0d"


def test_comments_are_left_out_at_any_depth() -> None:
    node = as_node({"// why": 1, "a": [{"//": 2, "b": 3}]}, Place("a.json"))
    assert without_comments(node).plain() == {"a": [{"b": 3}]}


@pytest.mark.parametrize(
    ("value", "message"), [({"a": {1: 2}}, "the key 1 in a is not text"), ([object()], r"\[0\] is object")]
)
def test_what_json_has_no_word_for_is_named(value: object, message: str) -> None:
    with pytest.raises(TypeError, match=message):
        as_node(value, Place("a.json"))


def test_a_long_value_is_shortened() -> None:
    assert short_json({"a": "é"}) == '{"a": "é"}'
    assert len(short_json("x" * 200)) == 60
