"""Ranges and choices: their values, how trials write them, and their short names."""

from __future__ import annotations

import json

from kerastune_ft.trials.dimensions import Choices, Range, describe_values, list_overrides, shorten_keys


def test_values_of_ranges_with_and_without_an_end() -> None:
    assert Range("n", 1, 4, is_whole=True).list_values() == (1, 2, 3, 4)
    assert Range("n", 1, 8, step=3, is_whole=True).list_values() == (1, 4, 7)
    assert Range("x", 0.0, 0.3, step=0.1).list_values() == (0.0, 0.1, 0.2, 0.3), "as they are written"
    assert Range("x", 0.0, 1.0).list_values() is None
    assert Range("n", 1, 64, log=True, is_whole=True).list_values() is None


def test_what_a_range_holds() -> None:
    assert Range("x", 0.0, 0.5).holds(0.5)
    assert not Range("x", 0.0, 0.5).holds(0.6)
    assert not Range("n", 1, 7, step=2, is_whole=True).holds(4)
    assert not Range("x", 0.0, 1.0).holds(True)
    assert Range("x", 0.0, 0.5, step=0.1).holds(0.3), "though 3 times 0.1 is 0.30000000000000004"
    assert Range("x", 0.0, 0.5, step=0.1).snap(3 * 0.1) == 0.3
    assert Range("x", 0.0, 0.5).snap(3 * 0.1) == 3 * 0.1
    assert Choices("c", ({"last": 1}, "none")).holds({"last": 1})
    assert not Choices("c", (1, 2)).holds(True)


def test_overrides_begin_with_the_schedule_and_are_json() -> None:
    values = {"phases.top.unfreeze": {"last": 2}, "phases": "gradual", "head.dropout": 0.1}
    found = list_overrides(values)
    assert found[0] == 'phases="gradual"'
    assert {each.partition("=")[0]: json.loads(each.partition("=")[2]) for each in found} == values
    assert list_overrides({"phases.learning_rate": 0.1}) == ["phases.learning_rate.peak=0.1"]


def test_names_are_the_shortest_ends_that_differ() -> None:
    keys = ["phases.head.learning_rate", "phases.top.learning_rate", "head.dropout"]
    assert shorten_keys(keys) == ["head.learning_rate", "top.learning_rate", "dropout"]
    assert shorten_keys(["a.dropout", "a.dropout.x"]) == ["dropout", "x"]
    assert describe_values({"head.dropout": 0.123456, "phases.top.unfreeze": {"last": 1}}, ("head.dropout",)) == {
        "dropout": "0.1235"
    }
