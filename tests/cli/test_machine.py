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


def test_what_does_not_go_together_is_refused() -> None:
    for words in (["doctor", "--selftest", "--network"], ["doctor", "--replicas", "2"]):
        assert CliRunner().invoke(main, words).exit_code == 2


def test_a_selftest_ends_with_its_verdict(monkeypatch: pytest.MonkeyPatch) -> None:
    from kerastune_ft.doctor import probe
    from kerastune_ft.doctor.selftest import selftest
    from kerastune_ft.doctor.selftest.promises import BROKEN, Row

    found = probe.Probe({"tensorflow": {}, "keras": {}, "keras_hub": {}})
    monkeypatch.setattr(probe, "ask_tensorflow", lambda: found)
    rows = [Row("store on = off", "BERT", BROKEN, "5 epochs", 0.5, 0.0)]
    monkeypatch.setattr(selftest, "prove", lambda devices, about: selftest.Verdicts(rows, devices, about, 1.0))
    done = CliRunner().invoke(main, ["doctor", "--selftest", "--replicas", "3", "--json"])
    document = json.loads(done.output)
    assert done.exit_code == 5 and document["devices"]["count"] == 3 and document["rows"][0]["verdict"] == "broken"
