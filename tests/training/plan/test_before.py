from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np

from kerastune_ft.reporting.plan_lines import describe_plan
from kerastune_ft.training.plan.before import describe_before


def _session(kind: str, splits: dict[str, int]) -> Any:
    own = {name: np.arange(count) for name, count in splits.items()}
    return SimpleNamespace(config=SimpleNamespace(task=SimpleNamespace(kind=kind)), source=SimpleNamespace(splits=own))


def test_the_plan_says_what_is_measured_at_first() -> None:
    found = describe_before(_session("causal_lm", {"train": 9, "validation": 1, "test": 2}))
    assert found == {"before": {"validation": 1, "test": 2}}
    (line,) = [line.text for line in describe_plan(found) if line.label == "before"]
    assert line == (
        "the model is measured once on validation (1 example) and test (2 examples) before the first phase, to say "
        "what training changed"
    )


def test_models_with_a_new_head_are_not_measured() -> None:
    assert describe_before(_session("image_classification", {"train": 9, "validation": 1})) == {}
    assert not [line for line in describe_plan({}) if line.label == "before"]
