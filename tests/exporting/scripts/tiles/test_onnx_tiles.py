from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from tests.support.stitched import check_stitching

pytest.importorskip("onnxruntime")
from kerastune_ft.exporting.scripts.tiles import onnx_tiles as script


def test_pictures_are_put_together_of_their_tiles() -> None:
    def make(answer: Callable[[np.ndarray], np.ndarray]) -> dict[str, Any]:
        return {"session": SimpleNamespace(run=lambda names, inputs: [answer(inputs["image"])])}

    check_stitching(script, make)
