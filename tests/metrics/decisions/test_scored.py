from __future__ import annotations

import numpy as np

from kerastune_ft.metrics.decisions.curves import trace
from kerastune_ft.metrics.decisions.scored import Scored


def test_higher_scores_are_likelier() -> None:
    found = trace(Scored("ill", np.array([False, True]), np.array([0.1, 0.9])))
    assert (found.thresholds.tolist(), found.hits.tolist(), found.false_alarms.tolist()) == ([0.9, 0.1], [1, 1], [0, 1])
