"""What two runs have in common."""

from __future__ import annotations

import csv
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file

from tests.support.tiny_run import history

TOLERANCE = 1e-5


def assert_equal(one: Path, other: Path, of_weights: float = TOLERANCE) -> None:
    """Assert that two runs have the same histories, metrics and weights within float tolerance."""
    rows = history(one), history(other)
    assert [row["phase"] for row in rows[0]] == [row["phase"] for row in rows[1]]
    for first, second in zip(*rows, strict=True):
        for key in first:
            # A head that a solver sets has no learning rate.
            if key != "phase" and (first[key] or second[key]):
                assert float(second[key]) == pytest.approx(float(first[key]), rel=1e-6, abs=TOLERANCE), (
                    first["phase"],
                    key,
                )
    for path in one.glob("phases/*/gradient_norms.csv"):
        pairs = zip(*(_read_rows(run / path.relative_to(one)) for run in (one, other)), strict=True)
        for first, second in pairs:
            assert (first.pop("unit"), first["steps"]) == (second.pop("unit"), second["steps"])
            assert {key: float(cell) for key, cell in second.items()} == pytest.approx(
                {key: float(cell) for key, cell in first.items()}, rel=1e-4, abs=TOLERANCE
            )
    metrics = [json.loads((run / "metrics.json").read_text()) for run in (one, other)]
    # The ends of intervals are written with six digits: what lies between two of them may become either.
    ends = [_flatten({"intervals": document.pop("intervals", {})}) for document in metrics]
    assert ends[1] == pytest.approx(ends[0], rel=1.1e-5, abs=TOLERANCE, nan_ok=True)
    assert _flatten(metrics[1]) == pytest.approx(_flatten(metrics[0]), rel=1e-6, abs=TOLERANCE, nan_ok=True)
    for path in one.glob("[pr]*/*/best.safetensors"):
        weights, others = load_file(path), load_file(other / path.relative_to(one))
        assert weights.keys() == others.keys()
        for name, value in weights.items():
            np.testing.assert_allclose(others[name], value, rtol=0, atol=of_weights, err_msg=name)


def _read_rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def _flatten(document: dict[str, Any]) -> dict[str, float]:
    """Return the numbers of nested objects by their paths."""
    found = {}
    for key, value in document.items():
        if isinstance(value, list):
            value = dict(zip("ab", value, strict=True))
        # A figure that is undefined is null.
        inner = _flatten(value) if isinstance(value, dict) else {"": math.nan if value is None else value}
        found.update({f"{key}.{path}": number for path, number in inner.items()})
    return found
