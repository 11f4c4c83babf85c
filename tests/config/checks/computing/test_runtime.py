from __future__ import annotations

from typing import Any

import pytest

from kerastune_ft.config.checks.computing.runtime import check_runtime
from kerastune_ft.config.read import read
from kerastune_ft.config.run import config_hash
from tests.support.config_cases import MINIMAL, with_change


@pytest.mark.parametrize(
    ("runtime", "place"),
    [
        ({"strategy": "none", "replicas": 2}, ["replicas"]),
        ({"frozen_precision": "bfloat16", "precision": "mixed_bfloat16"}, ["frozen_precision"]),
        ({"frozen_precision": "bfloat16", "precision": "auto"}, ["frozen_precision"]),
        ({"frozen_precision": "bfloat16"}, []),
        ({"frozen_precision": None, "precision": "mixed_float16", "strategy": "none", "replicas": 1}, []),
    ],
)
def test_what_contradicts_itself(runtime: dict[str, Any], place: list[str]) -> None:
    assert [path[-1] for path, _ in check_runtime(runtime)] == place


@pytest.mark.parametrize(
    ("key", "usual", "other"), [("frozen_precision", None, "bfloat16"), ("recompute", False, True)]
)
def test_runs_from_before_keep_their_hash(key: str, usual: Any, other: Any) -> None:
    plain = config_hash(read(MINIMAL))
    assert config_hash(read(with_change(f"runtime.{key}", usual))) == plain
    assert config_hash(read(with_change(f"runtime.{key}", other))) != plain
