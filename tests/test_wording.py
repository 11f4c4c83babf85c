from __future__ import annotations

import json

from kerastune_ft.wording import (
    counted,
    describe_left_out,
    encode_text,
    first_names,
    hide_logins,
    lines,
    percent,
    wrap_words,
)


def test_one_is_singular_and_thousands_are_separated() -> None:
    assert counted(1, "image") == "1 image"
    assert counted(0, "image") == "0 images"
    assert counted(5232, "image") == "5,232 images"


def test_shares_are_written_as_per_cent() -> None:
    assert percent(0.126) == "13 %"
    assert percent(0.025, 1) == "2.5 %"
    assert percent(1.0) == "100 %"


def test_of_many_names_the_first_are_told_and_the_rest_counted() -> None:
    assert first_names(["a", "b"]) == "a, b"
    assert first_names((str(number) for number in range(1005)), limit=2) == "0, 1 and 1,003 more"


def test_rows_are_indented_lines() -> None:
    rows = [("a.png", "is empty"), ("b.png", ""), ("c.png", "is gone")]
    assert lines(rows) == "  a.png  is empty\n  b.png\n  c.png  is gone"
    assert lines(rows, limit=1) == "  a.png  is empty\n  and 2 more"


def test_half_characters_become_escapes_that_json_reads_back() -> None:
    assert encode_text("caf\xe9") == "caf\xe9".encode()
    assert json.loads(encode_text(json.dumps("caf\udce9", ensure_ascii=False))) == "caf\udce9"


def test_lines_are_broken_between_words_and_no_word_is() -> None:
    text = "the cache in /a/very/long/path-with-hyphens is full\nfree some"
    assert wrap_words(text, 16, "  ") == [
        "the cache in", "  /a/very/long/path-with-hyphens", "  is full", "free some",
    ]  # fmt: skip
    assert wrap_words("", 10) == [""]
    assert wrap_words("a  b", 0) == ["a", "b"]


def test_what_was_left_out_is_counted_and_named() -> None:
    rows = [("a.png", "is empty"), ("b.png", ""), ("c.png", "is cut"), ("d.png", "is cut")]
    assert describe_left_out([]) == ""
    assert describe_left_out(rows[:1]) == "1 example left out: a.png (is empty)"
    assert describe_left_out(rows) == "4 examples left out: a.png (is empty), b.png, c.png (is cut) and 1 more"
    assert describe_left_out(rows, show_names=False) == "4 examples left out"


def test_logins_are_taken_out_of_addresses() -> None:
    assert (
        hide_logins("ftp://ann@host and https://ann:p@ss@host:80/a@b") == "ftp://***@host and https://***@host:80/a@b"
    )
    assert hide_logins("ann:pass@proxy:3128") == "***@proxy:3128"
    for plain in ("sqlite:////tmp/a@b.db", "http://host:5000", "/home/a@b:/c", "--flag=1"):
        assert hide_logins(plain) == plain
