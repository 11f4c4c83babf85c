from __future__ import annotations

import pytest

from kerastune_ft.config.options.mask_values import BORDER, COLOUR, is_colour, parse_values, write_value


@pytest.mark.parametrize("value", [0, 255, 65535, COLOUR, COLOUR + 0xFF8001, BORDER - 1])
def test_a_value_is_read_as_it_is_written(value: int) -> None:
    text = write_value(value)
    assert parse_values(text) == range(value, value + 1)
    assert is_colour(text) == (value >= COLOUR)


def test_ranges_and_letters_of_colours() -> None:
    assert parse_values("1-65535") == range(1, 65536)
    assert parse_values("#FF8001") == parse_values("#ff8001")


@pytest.mark.parametrize(
    "text", ["", "-1", " 1", "1_0", "65536", "3-3", "4-3", "0-70000", "#ff", "#gg0000", "cell", "²"]
)
def test_other_texts_are_no_values(text: str) -> None:
    assert parse_values(text) is None
