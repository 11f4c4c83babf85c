from __future__ import annotations

import pytest

from kerastune_ft.inference.path_lines import read_path_lines


def test_lines_are_paths_and_blank_ones_nothing() -> None:
    items = list(read_path_lines([b"\xef\xbb\xbfa.png\r\n", b"\n", "b c.png\n"], None))
    assert [(item.name, item.path) for item in items] == [("a.png", "a.png"), ("b c.png", "b c.png")]


def test_json_lines_name_their_path_by_a_key_or_a_template() -> None:
    lines = ['{"image": "a.png", "id": 7}', '{"image": "b.png", "id": 8}']
    assert [item.path for item in read_path_lines(lines, "image")] == ["a.png", "b.png"]
    assert [item.path for item in read_path_lines(lines, "x/{id}.png")] == ["x/7.png", "x/8.png"]


@pytest.mark.parametrize(
    ("line", "wanted", "problem"),
    [
        ('{"image": ', "image", "is not a JSON object"),
        ('{"image": "a.png"}', None, "is a JSON object; name its key with --input, one of image"),
        ('{"image": "a.png"}', "file", 'has no key for --input "file"; its keys are image'),
        ('{"image": ""}', "image", "names no file: its image is empty"),
    ],
)
def test_a_line_that_names_no_path_is_a_row_that_says_why(line: str, wanted: str | None, problem: str) -> None:
    good, bad = read_path_lines(["a.png", line], wanted)
    assert good.problem is None
    assert bad.name == "line 2"
    assert bad.problem is not None
    assert bad.problem.startswith(problem)


def test_addresses_of_the_web_are_problems_with_a_remedy() -> None:
    lines = [b"https://x.example/z.png\n", b'{"f": "HTTP://x.example/z.png"}\n', b"https/z.png\n"]
    items = list(read_path_lines(lines, "f"))
    assert [item.path for item in items] == [None, None, "https/z.png"]
    assert all(
        "is an address of the web" in str(item.problem) and "download" in str(item.problem) for item in items[:2]
    )
