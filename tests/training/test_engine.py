from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from kerastune_ft.errors import ConfigError, DataError, KerasTuneError
from kerastune_ft.rundir import RunDirectory
from kerastune_ft.training.engine import check_same


def session(fingerprint: str = "data", source_hash: str = "weights", precision: str = "float32") -> Any:
    return SimpleNamespace(
        source=SimpleNamespace(info=SimpleNamespace(fingerprint=fingerprint)),
        source_hash=source_hash,
        devices=SimpleNamespace(precision=precision, precision_reason="a reason"),
    )


@pytest.fixture
def run(tmp_path: Path) -> RunDirectory:
    return RunDirectory(tmp_path)


def test_a_new_run_has_nothing_to_be_the_same_as(run: RunDirectory) -> None:
    check_same(run, session())
    run.update_manifest(state="running")
    check_same(run, session())


def test_a_run_does_not_go_on_with_other_data_or_weights(run: RunDirectory) -> None:
    run.update_manifest(data_fingerprint="data", source_hash="weights", devices={"precision": "float32"})
    check_same(run, session())
    errors: list[tuple[Any, type[KerasTuneError], str]] = [
        (session(fingerprint="other"), DataError, "the data changed since .* began .fingerprint data, now other"),
        (
            session(source_hash="other"),
            ConfigError,
            "the pretrained weights changed since .* began .SHA-256 weights, now other",
        ),
        (
            session(precision="mixed_bfloat16"),
            ConfigError,
            "began in float32, and runtime.precision gives mixed_bfloat16 here .a reason",
        ),
    ]
    for changed, error, message in errors:
        with pytest.raises(error, match=message) as caught:
            check_same(run, changed)
        assert "--fresh" in str(caught.value)
