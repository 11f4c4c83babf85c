from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

pytest.importorskip("onnxruntime")
from kerastune_ft.exporting.scripts.several import onnx_inputs as script


def test_each_example_is_computed_by_itself() -> None:
    model = SimpleNamespace(
        session=SimpleNamespace(run=lambda names, given: [given["x"] * 2.0]),
        outputs=["values"],
        names=["age"],
        are_numbers=True,
    )
    found = script.predict(model, [{"x": np.float32([[1]])}, {"x": np.float32([[2]])}])
    assert found == [{"value": 2.0}, {"value": 4.0}]
