from __future__ import annotations

from collections.abc import Callable

import pytest

from kerastune_ft.reporting.findings import banner
from kerastune_ft.reporting.findings.banner import MOST, find_findings, write_command
from kerastune_ft.reporting.findings.evidence import Evidence, Finding

EMPTY = Evidence({}, {}, [], [], {}, {}, {}, {}, {})
PRAISE = Finding("better", "good", "Good.")


def find_with(monkeypatch: pytest.MonkeyPatch, *levels: str) -> list[str]:
    """The levels of what is shown where rules find these, in their order."""

    def make(level: str) -> Callable[[Evidence], Finding]:
        return lambda run: Finding(level, level, "Text.")

    monkeypatch.setattr(banner, "RULES", (lambda run: None, *map(make, levels)))
    monkeypatch.setattr(banner, "praise", lambda run: PRAISE)
    return [finding.level for finding in find_findings(EMPTY)]


def test_praise_is_earned_where_nothing_is_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    assert find_with(monkeypatch) == ["good"]
    assert find_with(monkeypatch, "hint", "hint") == ["good", "hint", "hint"]
    assert find_with(monkeypatch, "hint", "warning") == ["warning", "hint"]


def test_only_the_weightiest_are_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    assert find_with(monkeypatch, "hint", "hint", "hint", "hint", "warning") == ["warning", "hint", "hint"]
    assert len(find_with(monkeypatch, *["hint"] * 5)) == MOST + 1


def test_a_run_without_figures_has_no_findings() -> None:
    assert find_findings(EMPTY) == []


def test_commands_can_be_pasted() -> None:
    command = write_command("my runs/a.json", ["seed=3", "phases.top.epochs=5"], ["phases.top.epochs=10"])
    assert command == "python -m kerastune_ft run 'my runs/a.json' --set seed=3 --set phases.top.epochs=10"
