from __future__ import annotations

import pytest

from tests.support.stitched import check_stitching

pytest.importorskip("ai_edge_litert")
from kerastune_ft.exporting.scripts.tiles import litert_tiles as script


def test_pictures_are_put_together_of_their_tiles() -> None:
    check_stitching(script, lambda answer: {"runner": lambda image: {"probabilities": answer(image)}})
