from __future__ import annotations

import pytest

from kerastune_ft.config.read import read
from tests.support.config_cases import UNFREEZE, messages, with_change


@pytest.mark.parametrize(("written", "expected"), UNFREEZE)
def test_unfreeze_forms(written: object, expected: object) -> None:
    phase = read(with_change("phases.1.unfreeze", written)).phases[1]
    assert phase.unfreeze == expected
    assert phase.unfreeze.to_json() == written


@pytest.mark.parametrize("written", ["top", 3, {}, {"last": 1, "from": "x"}, {"top": 3}, ["block6"], None])
def test_what_is_no_unfreeze_gets_all_forms_in_one_sentence(written: object) -> None:
    found = messages(with_change("phases.1.unfreeze", written))
    assert list(found) == ["phases[1].unfreeze"]
    assert '{"from": "block6"}' in found["phases[1].unfreeze"]


@pytest.mark.parametrize(
    ("written", "place"),
    [({"last": 0}, "last"), ({"fraction": 1.5}, "fraction"), ({"match": []}, "match"), ({"from": ""}, "from")],
)
def test_unfreeze_values_are_placed_inside(written: object, place: str) -> None:
    assert list(messages(with_change("phases.1.unfreeze", written))) == [f"phases[1].unfreeze.{place}"]
