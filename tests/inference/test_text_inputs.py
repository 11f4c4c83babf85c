from __future__ import annotations

import io
from pathlib import Path

import pytest

from kerastune_ft.data.files.find import TEXTS
from kerastune_ft.inference.read_options import ReadOptions
from kerastune_ft.inference.text_inputs import list_texts


def _lines(content: bytes, parts: int = 1, own: str | tuple[str, str] | None = None) -> list[tuple]:
    how = ReadOptions(None, own, None, TEXTS, Path("cache"), print)
    (listing,) = list_texts([io.BytesIO(content)], how, parts)
    return [item.texts or (item.name, item.problem) for item in listing.items]


def test_every_line_of_standard_input_has_its_row() -> None:
    found = _lines("\ufeffso good\r\n\n  \nça va\n".encode() + b"\xff")
    empty = "its text is empty"
    assert found == [
        ("so good",), ("line 2", empty), ("line 3", empty), ("ça va",), ("line 5", "is not UTF-8 text"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("one\ttwo", ("one", "two")),
        ("one", ("one", "is 1 text; a pair has two, with a tab between them")),
        ('{"a": "one", "b": "two"}', ("one", "two")),
        ('{"a": "one", "b": " "}', ("line 1", "its text is empty")),
        ('{"a": "one"', ("line 1", "is not a JSON object: Expecting ',' delimiter: line 1 column 12 (char 11)")),
    ],
)
def test_a_line_holds_a_pair(line: str, expected: tuple) -> None:
    assert _lines(line.encode(), 2, ("a", "b")) == [expected]


def _words(parts: int, *words: str) -> list[tuple[str, str | None]]:
    how = ReadOptions(None, None, None, TEXTS, Path("cache"), print)
    return [(item.name, item.problem) for listing in list_texts(words, how, parts) for item in listing.items]


def test_an_empty_word_is_an_empty_text_and_not_the_folder_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.txt").write_text("not asked for")
    monkeypatch.chdir(tmp_path)
    assert _words(1, "", " ") == [("", "its text is empty"), (" ", "its text is empty")]


def test_a_word_that_is_no_pair_says_how_a_shell_writes_one() -> None:
    (_, no_hint), *rest = _words(2, "a\tb\tc", "a b", "c\td")
    assert no_hint == "is 3 texts; a pair has two, with a tab between them"
    assert rest[0][1] is not None
    assert r"in bash that is  $'first\tsecond'" in rest[0][1]
    assert rest[1] == ("c\td", None)


def test_a_mistyped_path_is_read_as_a_text_and_that_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").mkdir()
    how = ReadOptions(None, "text", None, TEXTS, Path("cache"), print)

    def said(*words: str) -> list[str]:
        return [note for listing in list_texts(words, how, 1) for note in listing.notes]

    for path in ("reviews.cvs", "./reviews", "~/x", "/no/where", "data/reviews"):
        assert said("fine", path) == [f"read as text, since there is no such file or folder: {path}"]
    assert said("fine", "so good.", "and/or", "see data/reviews now", "a.b c.txtt", "U.S.A.", "3.14") == []
    assert said(*[f"r{number}.cvs" for number in range(9)])[0].endswith("r0.cvs, r1.cvs, r2.cvs and 6 more")
