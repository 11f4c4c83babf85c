from __future__ import annotations

import json

import pytest

from kerastune_ft.doctor import examine
from kerastune_ft.doctor.examine import Examination
from kerastune_ft.doctor.finding import BROKEN, WARNING, Finding, Section
from kerastune_ft.doctor.probe import Probe


def test_tensorflow_is_asked_last_and_the_network_only_on_request(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def ask() -> Probe:
        asked.append("tensorflow")
        return Probe(failure="TensorFlow ended its process by SIGSEGV")

    monkeypatch.setattr(examine, "ask_tensorflow", ask)
    monkeypatch.setattr(examine, "examine_network", lambda: Section("network", []))
    monkeypatch.setattr(examine, "examine_variables", lambda: Section("environment", []))
    sections = examine.examine(network=True)
    first = [next(sections).name for _ in range(5)]
    assert first == ["versions", "packages", "machine", "places", "environment"] and not asked
    rest = list(sections)
    assert [section.name for section in rest] == ["devices", "network"] and rest[0].count(BROKEN) == 1


@pytest.mark.parametrize(
    ("levels", "code", "words"),
    [
        ([], 0, "runs have what they need\nnext: python -m kerastune_ft doctor --selftest"),
        ([WARNING, WARNING], 0, "runs have what they need; 2 warnings\nnext:"),
        ([BROKEN, WARNING], 2, "1 thing that runs need is broken; 1 warning"),
        ([BROKEN, BROKEN], 2, "2 things that runs need are broken"),
    ],
)
def test_the_conclusion_counts_what_is_wrong(levels: list[str], code: int, words: str) -> None:
    found = Examination([Section("machine", [Finding("x", level) for level in levels])])
    assert found.exit_code == code and found.conclusion.startswith(words)


def test_the_document_hides_the_home(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/ann")
    found = Examination([Section("places", [Finding("in /home/ann/x")], {"path": "/home/ann/x"})])
    assert "ann" not in json.dumps(found.to_json()) and found.to_json()["places"]["facts"] == {"path": "~/x"}
