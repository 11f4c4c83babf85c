from __future__ import annotations

from kerastune_ft.data.modalities import MODALITIES
from kerastune_ft.inspection.contents.build import CONTENTS


def test_every_modality_has_its_contents() -> None:
    assert set(CONTENTS) == set(MODALITIES)
    assert all(kind.measure and kind.bytes_kept < 50_000 for kind in CONTENTS.values())
