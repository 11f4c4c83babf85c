from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import keras
import pytest

from kerastune_ft.errors import ConfigError
from kerastune_ft.training.plan.keys.pull import check_pull, describe_pull, find_pulled

PHASE: Any = SimpleNamespace(l2_sp=0.01)
TRAINED = ["block/kernel", "block/bias", "head/kernel"]


def _session(missing: tuple[str, ...] = (), source: str = "imagenet", kept: bool = False) -> Any:
    sizes = {"block/kernel": [2, 3], "block/bias": [3], "head/kernel": [3, 2]}
    variables = {path: SimpleNamespace(path=path, shape=shape) for path, shape in sizes.items()}
    transfer = SimpleNamespace(source=source, missing=missing)
    return SimpleNamespace(
        backbone=SimpleNamespace(transfer=transfer, kept_head={"head": ()} if kept else {}),
        head=SimpleNamespace(variables=[variables["head/kernel"]]),
        model=keras.Sequential(),
        variables=variables,
    )


def test_the_backbones_variables_are_pulled_and_a_new_head_is_not() -> None:
    assert find_pulled(_session(), TRAINED) == TRAINED[:2]
    assert find_pulled(_session(missing=("block/bias",)), TRAINED) == TRAINED[:1]
    assert find_pulled(_session(kept=True), TRAINED) == TRAINED


def test_the_plan_says_how_much() -> None:
    assert describe_pull(_session(), PHASE, TRAINED) == {"l2_sp": {"weight": 0.01, "variables": 2, "parameters": 9}}
    assert describe_pull(_session(), SimpleNamespace(l2_sp=0.0), TRAINED) == {}  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("session", "trained", "said"),
    [(_session(source="random"), TRAINED, "random weights"), (_session(), TRAINED[2:], "nothing that trains")],
)
def test_a_pull_towards_nothing_is_refused(session: Any, trained: list[str], said: str) -> None:
    with pytest.raises(ConfigError, match=rf"phases\[0\].l2_sp: .*{said}"):
        check_pull(session, PHASE, trained, "phases[0]")
    check_pull(session, SimpleNamespace(l2_sp=0.0), trained, "phases[0]")  # type: ignore[arg-type]
