from __future__ import annotations

import pytest

from kerastune_ft.config.read import read


@pytest.mark.parametrize(
    ("better", "worse", "least", "holds"),
    [
        ((0.80, 0.82), (0.70, 0.71), 0.0, True),
        ((0.80, 0.90), (0.70, 0.71), 0.0, False),  # the gain is under twice the spread of the better side
        ((0.80, 0.81), (0.60, 0.76), 0.0, False),  # ... of the worse side
        ((0.80, 0.82), (0.70, 0.71), 0.15, False),  # clear, and yet too small
        ((0.70, 0.71), (0.80, 0.82), 0.0, False),
    ],
)
def test_a_claim_needs_twice_the_spread_and_the_least_gain(
    better: tuple[float, ...], worse: tuple[float, ...], least: float, holds: bool
) -> None:
    from staged_benefit import Claim

    assert Claim("a over b", better, worse, least).holds is holds


def test_configs_of_the_script_are_valid() -> None:
    import staged_benefit

    digits = staged_benefit.few_digits()
    assert round(digits["data"]["splits"]["train"] * staged_benefit.DIGITS_EXAMPLES) == 300
    for config in (staged_benefit.medical(), digits):
        read(config)


def test_table_has_a_row_per_data_set_and_weights() -> None:
    from staged_benefit import Outcome, all_claims, table

    names = ("blood_smear, embedded", "blood_smear, random", "digits, embedded", "digits, random")
    outcomes = {name: [Outcome(0.5, 0.9, 0.8), Outcome(0.6, 0.9, 0.8)] for name in names}
    lines = table(outcomes).splitlines()
    assert len(lines) == 5
    assert "0.550 (0.500 to 0.600)" in lines[1]
    assert [claim.gain for claim in all_claims(outcomes)] == pytest.approx([0.35, 0.0, 0.0])
