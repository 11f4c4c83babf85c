from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from kerastune_ft.cli.commands import main
from kerastune_ft.doctor import examine
from kerastune_ft.doctor.finding import BROKEN, Finding, Section


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> None:
    sections = [
        Section("machine", [Finding("fast")]),
        Section("devices", [Finding("TensorFlow is gone", BROKEN, "get it")]),
    ]
    monkeypatch.setattr(examine, "examine", lambda network: iter(sections))


def test_doctor_prints_sections_and_ends_with_2_where_something_is_broken(broken: None) -> None:
    done = CliRunner().invoke(main, ["doctor"])
    assert done.exit_code == 2
    assert done.output.splitlines() == [
        "machine", "  fast", "devices", "  broken: TensorFlow is gone", "      get it",
        "1 thing that runs need is broken",
    ]  # fmt: skip


def test_doctor_prints_one_document(broken: None) -> None:
    done = CliRunner().invoke(main, ["doctor", "--json"])
    assert done.exit_code == 2 and json.loads(done.output)["devices"]["findings"][0]["level"] == "broken"
