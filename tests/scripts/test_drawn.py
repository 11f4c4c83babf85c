"""scripts/faults/drawn.py: that every key is drawn, and that what is drawn can be read."""

from __future__ import annotations

from tests.support.places import SCRIPTS  # noqa: F401


def test_all() -> None:
    pass
