from __future__ import annotations

from typing import Any

import pytest
from click.testing import CliRunner

from kerastune_ft.api.check import DataCheck
from kerastune_ft.cli.commands import main


def test_a_set_without_findings(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    document = {
        "findings": [],
        "faults": [],
        "clean": ["exact copies"],
        "not_looked_for": [],
        "exclude": {"examples": 0},
        "exclude_file": "",
    }
    asked = []

    def check(*given: Any, **options: Any) -> DataCheck:
        asked.append((given, options))
        return DataCheck(document, tmp_path)

    monkeypatch.setattr("kerastune_ft.api.check.check", check)
    said = CliRunner().invoke(main, ["check", "a.json", "--strict", "--set", "seed=2"])
    assert said.exit_code == 0
    assert said.output.splitlines() == [
        "looked for and not found: exact copies",
        f"page: {tmp_path}/index.html",
        "next: python -m kerastune_ft plan a.json --set seed=2",
    ]
    assert asked == [(("a.json", None), {"overrides": ("seed=2",)})]
