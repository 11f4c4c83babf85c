"""Which cuts of a backbone are probed, and how their activations become rows."""

from __future__ import annotations

from kerastune_ft.probing.cuts import MOST_CUTS, choose_units, pool_cuts
from kerastune_ft.training.session.session import Session


def test_cuts_are_spread_over_the_backbone_and_leave_its_first_unit_out(session: Session) -> None:
    ids = [unit.id for unit in session.backbone.units]
    chosen = choose_units(session)
    assert len(chosen) == min(MOST_CUTS, len(ids) - 1) and chosen[0] != ids[0]
    assert [ids.index(unit) for unit in chosen] == sorted({ids.index(unit) for unit in chosen})


def test_rows_have_a_number_for_each_channel(session: Session) -> None:
    assert [list(row.shape) for row in pool_cuts(session, choose_units(session, 2))] == [[None, 8], [None, 8]]
