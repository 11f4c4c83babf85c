from __future__ import annotations

import numpy as np

from kerastune_ft.preview.loaded import Loaded


def test_targets_are_optional() -> None:
    assert Loaded(np.zeros(3)).targets is None
