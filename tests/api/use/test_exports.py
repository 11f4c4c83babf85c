from __future__ import annotations

from pathlib import Path

import pytest

import kerastune_ft as kt
from kerastune_ft.api.use.exports import benchmark
from kerastune_ft.errors import ConfigError


def test_a_run_that_is_not_finished_says_so(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "manifest.json").write_text('{"state": "interrupted", "message": "stopped after epoch 0"}')
    with pytest.raises(ConfigError, match="has no model yet"):
        kt.open_run(tmp_path).export("onnx")


def test_a_folder_that_is_no_export_cannot_be_measured(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="is no export"):
        benchmark(tmp_path)
