from __future__ import annotations

from pathlib import Path

from kerastune_ft.stores.nearest import compare_with_nearest
from tests.support import store_filler


def test_what_differs_from_the_nearest_store_is_named(tmp_path: Path) -> None:
    assert compare_with_nearest(tmp_path / "none", store_filler.PARTS) == []
    for parts in ({"image_size": [64, 64]}, {"image_size": [64, 64], "chunk": 8, "backbone": {"name": "other"}}):
        store_filler.open_store(tmp_path, **parts).close()
    assert compare_with_nearest(tmp_path, {**store_filler.PARTS, "chunk": 8}) == [
        "image_size: [32, 32] here, [64, 64] there",
        "chunk: 8 here, nothing there",
    ]
    weights = {"name": "tiny", "weights": "f" * 64}
    assert compare_with_nearest(tmp_path, {"backbone": weights, "image_size": (64, 64)}) == [
        f'backbone.weights: "{"f" * 20}... here, "{"0" * 20}... there'
    ]
