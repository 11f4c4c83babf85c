from __future__ import annotations

import pytest

from kerastune_ft.config.checks.availability import UNAVAILABLE
from kerastune_ft.config.checks.messages import allowed_keys
from kerastune_ft.config.read import read
from tests.support.config_cases import messages, with_change


@pytest.mark.parametrize("row", UNAVAILABLE, ids=lambda row: row.pattern)
def test_every_row_of_what_is_not_available_rejects_and_lets_the_neutral_value_pass(row) -> None:
    steps = row.pattern.replace("*", "1").split(".")
    found = messages(with_change(".".join(steps), row.values[0] if row.values else [1, 2]))
    place = row.pattern.replace(".*", "[1]")
    assert "not available in this version; " in found[place]
    for neutral in () if row.values or steps[-1] in LATER_KEYS else row.neutral:
        read(with_change(".".join(steps), neutral))


# Keys of data for tasks of later versions; the models do not have them yet, so null is no value for them either.
LATER_KEYS = {"sequence_length", "seconds", "sample_rate"}


def test_every_row_names_a_key_that_exists() -> None:
    tagged = {"data": "@tfds", "backbone": "@applications"}
    for row in UNAVAILABLE:
        *way, last = row.pattern.split(".")
        loc = tuple(0 if step == "*" else step for step in way)
        if loc[:1] in (("data",), ("backbone",)) and len(loc) == 1:
            loc = (*loc, tagged[loc[0]])
        assert last in allowed_keys(loc) or last in LATER_KEYS, row.pattern
