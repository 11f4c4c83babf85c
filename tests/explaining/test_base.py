from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np

from kerastune_ft.explaining.base import Explained, Explainer
from kerastune_ft.explaining.scores import SCORES


class _Sums(Explainer):
    """A model whose output is the sum of ten numbers, of which the first counts most."""

    method, erased = "by hand", "0"

    def answer(self, inputs: Any) -> np.ndarray:
        return np.array([inputs.sum()])

    def find_heat(self, inputs: Any, chosen: int) -> tuple[np.ndarray, np.ndarray, dict[str, Any]]:
        return inputs[0], np.ones(10, bool), {"seen": True}

    def erase_and_answer(self, inputs: Any, erased: np.ndarray) -> np.ndarray:
        return np.where(erased, 0, inputs).sum(axis=1, keepdims=True)

    def draw(self, explained: Explained) -> list[Any]:
        return []


def test_what_erasing_takes_away() -> None:
    numbers = np.arange(10.0)[None]
    loader = SimpleNamespace(inputs=lambda indices, rows: iter([numbers]))
    source = SimpleNamespace(identities=np.arange(5))
    session: Any = SimpleNamespace(loader=loader, source=source, config=SimpleNamespace(seed=1))
    found = _Sums(session, SCORES["values"]).explain(3)
    assert (found.measured, found.hot, found.about) == (45.0, 17.0, {"seen": True})
    assert 1.0 <= found.random < 17.0
