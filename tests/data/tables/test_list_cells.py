from __future__ import annotations

from typing import Any

import pytest

from kerastune_ft.data.tables.list_cells import are_lists, read_list


@pytest.mark.parametrize(
    ("cell", "items"),
    [
        ("['cat', 'dog']", ("cat", "dog")),
        ('["cat", "dog"]', ("cat", "dog")),
        (" ['a b'] ", ("a b",)),
        ("[]", ()),
        ("['it\\'s', \"a 'b'\"]", ("it's", "a 'b'")),
        ("['a, b', 'c']", ("a, b", "c")),
        # NumPy writes no commas.
        ("['cat' 'dog']", ("cat", "dog")),
        ("[cat, dog]", ("cat", "dog")),
        ("[1, 2.0]", ("1", "2")),
        (["cat", 7, 1.5, True], ("cat", "7", "1.5", "1")),
        (("a", None), ("a",)),
        ([], ()),
        ([["a"]], None),
        ("[['a']]", None),
        ('[{"a": 1}]', None),
        ("['a", None),
        ("cat", None),
        (7, None),
        (None, None),
    ],
)
def test_lists_are_read_as_programs_write_them(cell: Any, items: tuple[str, ...] | None) -> None:
    assert read_list(cell) == items


@pytest.mark.parametrize(
    ("cells", "wanted"),
    [
        (["['a']", "", "['a', 'b']"], True),
        ([["a"], None, []], True),
        (["[a]", "[b]"], False),
        (["[a, b]", "[b]"], True),
        (["['a']", "b"], False),
        (["", None], False),
        ([[["a"]]], False),
    ],
)
def test_a_column_is_of_lists_where_all_its_cells_are(cells: list[Any], wanted: bool) -> None:
    assert are_lists(cells) is wanted
