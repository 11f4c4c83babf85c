from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from kerastune_ft.rundir import RunDirectory
from kerastune_ft.training.evaluation.lowered_precision import compare_precisions, describe_difference


def _context(folder: Path, wanted: str | None, result: dict[str, Any]) -> Any:
    (folder / "phases/00-a").mkdir(parents=True, exist_ok=True)
    (folder / "phases/00-a/result.json").write_text(json.dumps(result))
    session = SimpleNamespace(config=SimpleNamespace(runtime=SimpleNamespace(frozen_precision=wanted)))
    plan = SimpleNamespace(phases=[SimpleNamespace(folder="phases/00-a")])
    return SimpleNamespace(session=session, run=RunDirectory(folder), plan=plan)


def _measured(loss: float) -> Any:
    task = SimpleNamespace(summarise=lambda measured: {"loss": measured})
    return SimpleNamespace(session=SimpleNamespace(task=task), evaluated={"validation": SimpleNamespace(measured=loss)})


def test_both_losses_are_said(tmp_path: Path) -> None:
    found = compare_precisions(_context(tmp_path, "bfloat16", {"best": {"validation_loss": 2.5}}), _measured(2.4))
    assert found == {"validation_loss": 2.5, "validation_loss_float32": 2.4}
    assert describe_difference(found) == (
        "the validation loss is 2.4000 with a frozen part in float32, as it is saved, and was 2.5000 in bfloat16 "
        "(-0.1000)"
    )


@pytest.mark.parametrize(
    ("wanted", "result"), [(None, {"best": {"validation_loss": 2.5}}), ("bfloat16", {"best": None}), ("bfloat16", {})]
)
def test_where_there_is_one_alone_nothing_is(tmp_path: Path, wanted: str | None, result: dict[str, Any]) -> None:
    assert compare_precisions(_context(tmp_path, wanted, result), _measured(2.4)) is None
