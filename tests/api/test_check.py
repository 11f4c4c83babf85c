from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from kerastune_ft.api.check import DataCheck, check
from kerastune_ft.errors import ConfigError


def test_findings_by_kind() -> None:
    document: dict[str, Any] = {
        "findings": [{"kind": "outliers", "count": 2}, {"kind": "conflicts", "count": 1}],
        "faults": ["conflicts"],
        "exclude_file": "runs/a-check/exclude.csv",
    }
    found = DataCheck(document, Path("runs/a-check"))
    assert found.findings["outliers"]["count"] == 2
    assert found.faults == ["conflicts"]
    assert found.exclude == Path("runs/a-check/exclude.csv")


def test_what_cannot_be_is_said_before_anything_is_opened(tmp_path: Path) -> None:
    made = {
        "task": {"kind": "image_classification"},
        "data": {"kind": "tfds", "name": "digits"},
        "backbone": {"kind": "applications", "name": "MobileNetV2", "weights": "embedded"},
        "phases": [{"name": "head", "unfreeze": "none", "epochs": 1, "learning_rate": 0.1}],
        "output": {"directory": "gs://bucket/runs"},
    }
    with pytest.raises(ConfigError, match=r"output\.directory is remote; name a local folder"):
        check(made)
    (tmp_path / "else").mkdir()
    (tmp_path / "else" / "thesis.txt").write_text("")
    with pytest.raises(ConfigError, match="holds something else"):
        check({**made, "output": {}}, tmp_path / "else")
