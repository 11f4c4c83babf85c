from __future__ import annotations

from typing import Any

import pytest

from kerastune_ft.config.options.updates.rates import RatePolicy
from kerastune_ft.errors import ConfigError
from kerastune_ft.graph.rates import unit_factors
from kerastune_ft.rules import FIRST

ALL = ("stem", "block1", "block2", "block3")


def _factors(**policy: Any) -> dict[str, float]:
    return unit_factors(
        RatePolicy(peak=0.1, **policy), ["stem", *ALL[1:], "top"], ["block2", "block3"], "phases[1].learning_rate"
    )


def test_factors_fall_with_the_distance_from_the_head() -> None:
    assert _factors() == {"block2": 1, "block3": 1, "head": 1}
    assert _factors(unit_decay=0.5) == {"block2": 0.25, "block3": 0.5, "head": 1}
    assert _factors(head=0.2) == {"block2": 1, "block3": 1, "head": 2}
    assert _factors(unit_decay=0.5, units={"block*": 0.1, "block3": 2.0, "head": 3.0}) == pytest.approx(
        {"block2": 0.025, "block3": 0.1, "head": 3}
    )


def test_a_pattern_leaves_the_head_alone_unless_it_is_named() -> None:
    assert _factors(head=0.2, units={"*": 0.5}) == {"block2": 0.5, "block3": 0.5, "head": 2}
    assert _factors(units={"*": 0.5, "head": 3.0}) == {"block2": 0.5, "block3": 0.5, "head": 3}
    with pytest.raises(ConfigError, match=r"'h\*' matches no unit that trains"):
        _factors(units={"h*": 0.5})
    policy = RatePolicy(peak=0.1, head=0.2, units={"*": 0.5})
    assert unit_factors(policy, ["stem"], ["stem"], "p", FIRST) == {"stem": 0.5, "head": 1}


def test_a_factor_without_a_unit_is_an_error() -> None:
    with pytest.raises(ConfigError) as caught:
        _factors(units={"bloc3": 0.1})
    assert str(caught.value) == (
        "phases[1].learning_rate.units: 'bloc3' matches no unit that trains; did you mean 'block3'? "
        "they are block2, block3, head"
    )


def test_a_span_falls_in_even_multiples_from_the_head_to_the_unit_nearest_the_input() -> None:
    units = ("stem", "block1", "block2")
    found = unit_factors(RatePolicy(peak=0.1, unit_span=1000.0, units={"stem": 2.0}), units, units, "p")
    assert found == pytest.approx({"head": 1, "block2": 0.1, "block1": 0.01, "stem": 0.002})
    # A unit's factor does not depend on which others train.
    assert unit_factors(RatePolicy(peak=0.1, unit_span=1000.0), units, units[2:], "p") == pytest.approx(
        {"head": 1, "block2": 0.1}
    )
