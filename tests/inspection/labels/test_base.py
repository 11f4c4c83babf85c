from __future__ import annotations

from dataclasses import FrozenInstanceError

import pytest

from kerastune_ft.inspection.labels.base import Suspect


def test_a_suspect_is_a_value() -> None:
    suspect = Suspect(3, "a", "b", 0.9, "probability 0.95 of b, 0.02 of a", True)
    assert suspect == Suspect(3, "a", "b", 0.9, "probability 0.95 of b, 0.02 of a", True)
    with pytest.raises(FrozenInstanceError):
        suspect.doubt = 0.1  # type: ignore[misc]
