from __future__ import annotations

from kerastune_ft.config.options.data import Fractions, Named
from kerastune_ft.config.read import read
from tests.support.config_cases import MINIMAL, with_change


def test_splits() -> None:
    fractions = {"train": 0.7, "validation": 0.2, "test": 0.1}
    assert read(with_change("data.splits", fractions)).data.splits == Fractions(train=0.7, validation=0.2, test=0.1)
    named = {"train": "train", "test": "holdout"}
    assert read(with_change("data.splits", named)).data.splits == Named(train="train", test="holdout")
    assert read(MINIMAL).data.splits is None
