"""Dividing an open source again: the description follows, the source itself stays."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from kerastune_ft.config.read import read
from kerastune_ft.data.open import open_source
from kerastune_ft.data.splits.again import divide_again, list_examples


def test_sizes_counts_and_groups_are_those_of_the_new_splits(tmp_path: Path) -> None:
    np.savez(tmp_path / "data.npz", x=np.zeros((12, 4, 4, 3), np.uint8), y=np.arange(12) % 2, p=np.arange(12) // 2)
    document = {
        "task": {"kind": "image_classification"},
        "data": {
            "kind": "arrays", "path": str(tmp_path / "data.npz"), "group": "p",
            "splits": {"train": 0.5, "validation": 0.25, "test": 0.25},
        },
        "backbone": {"kind": "applications", "name": "MobileNet"},
        "phases": "head",
    }  # fmt: skip
    config = read(document)
    source = open_source(config.data, config.task, tmp_path / "cache", lambda line: None)
    before = source.info
    other = divide_again(source, {"train": np.arange(8), "validation": np.arange(8, 12)})
    assert other.info.sizes == {"train": 8, "validation": 4}
    assert other.info.counts == {"train": {"0": 4, "1": 4}, "validation": {"0": 2, "1": 2}}
    assert other.info.groups == {"train": 4, "validation": 2}
    assert source.info is before and set(source.splits) == {"train", "validation", "test"}
    assert other.info.fingerprint == before.fingerprint
    assert len(list_examples(source).group_names) == 6
