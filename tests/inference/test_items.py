from __future__ import annotations

from kerastune_ft.inference.items import escape_name, list_problem


def test_a_name_that_is_no_utf8_can_be_written() -> None:
    assert escape_name("é.png") == "é.png"
    assert escape_name("a\udcff.png").encode() == b"a\\udcff.png"


def test_an_input_that_cannot_be_read_is_one_row_that_says_why() -> None:
    listing = list_problem("a\udcff", "is empty")
    (item,) = listing.items
    assert (item.name, item.problem, listing.count) == ("a\\udcff", "is empty", 1)
