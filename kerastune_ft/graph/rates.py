"""Learning rates that differ between units: factors on the phase's rate."""

from __future__ import annotations

import difflib
import fnmatch
from collections.abc import Sequence

from kerastune_ft.config.options.updates.rates import RatePolicy
from kerastune_ft.errors import ConfigError
from kerastune_ft.graph.boundary import HEAD
from kerastune_ft.rules import NEWEST, Rules


def unit_factors(
    policy: RatePolicy,
    units: Sequence[str],
    trained: Sequence[str],
    place: str,
    rules: Rules = NEWEST,
    parts: Sequence[Sequence[str]] = (),
) -> dict[str, float]:
    """Return the factor on the rate of every trained unit and of the head.

    Layer-wise decay (Howard and Ruder, 2018; Clark et al., 2020): a unit's factor is `unit_decay` to the power of its
    distance from the head, the last unit's being 1. With `unit_span` the factors fall as a geometric series, from the
    head's 1 to `1 / unit_span` of the unit nearest the input. `units` patterns multiply it; `head` sets the head's own
    peak, which no pattern changes but its name. `parts` are the units of each of several backbones, of which each has
    distances of its own. Raises ConfigError for a pattern that matches no trained unit.
    """
    for glob in policy.units:
        if not any(_fits(name, glob, rules) for name in (*trained, HEAD)):
            near = difflib.get_close_matches(glob, trained, n=1)
            hint = f"did you mean {near[0]!r}? " if near else ""
            raise ConfigError(
                f"{place}.units: {glob!r} matches no unit that trains; {hint}they are {', '.join([*trained, HEAD])}"
            )
    factors = {}
    for unit in trained:
        own = next((part for part in parts if unit in part), units)
        distance = len(own) - 1 - list(own).index(unit)
        factors[unit] = policy.unit_decay**distance
        if policy.unit_span is not None:
            factors[unit] = policy.unit_span ** (-(distance + 1) / len(own))
    factors[HEAD] = 1.0 if policy.head is None else policy.head / policy.peak
    for name in factors:
        for glob, factor in policy.units.items():
            if _fits(name, glob, rules):
                factors[name] *= factor
    return factors


def _fits(name: str, glob: str, rules: Rules) -> bool:
    return glob == HEAD if name == HEAD and rules.named_head_rate else fnmatch.fnmatchcase(name, glob)
