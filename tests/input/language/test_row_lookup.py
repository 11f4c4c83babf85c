from __future__ import annotations

import numpy as np
import pytest

from kerastune_ft.input.language.row_lookup import RowLookup


class Numbers(RowLookup):
    def pad(self, indices: np.ndarray) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
        return {"rows": indices[:, np.newaxis]}, {"labels": -indices[:, np.newaxis]}


def test_inputs_and_targets_are_those_of_the_rows() -> None:
    rows, every = Numbers(), np.arange(5)
    assert rows.in_memory(every)["rows"].tolist() == [[0], [1], [2], [3], [4]]
    assert rows.targets(every[:2])["labels"].tolist() == [[0], [-1]]
    batches = [batch["rows"].numpy().ravel().tolist() for batch in rows.inputs(every, 2)]
    assert batches == [[0, 1], [2, 3], [4]]


def test_nothing_is_loaded_decoded_or_resized() -> None:
    rows = Numbers()
    assert (rows.at((8, 8)), rows.parts, rows.decoder) == (rows, {}, None)
    with pytest.raises(AssertionError, match="looked up"):
        rows.batches(None, 1)  # type: ignore[arg-type]
