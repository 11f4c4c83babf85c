from __future__ import annotations

from pathlib import Path

import pytest

from kerastune_ft.doctor.finding import BROKEN, Finding, Section, hide_home, hide_home_within


def test_a_section_prints_its_findings_with_level_and_remedy_and_counts_them() -> None:
    section = Section("packages", [Finding("all is well"), Finding("no NumPy", BROKEN, "install it\nnow")])
    assert str(section).splitlines() == [
        "packages", "  all is well", "  broken: no NumPy", "      install it", "      now",
    ]  # fmt: skip
    assert section.count(BROKEN) == 1
    assert section.to_json()["findings"][1] == {"level": "broken", "text": "no NumPy", "remedy": "install it\nnow"}


def test_the_home_is_hidden_and_its_namesakes_are_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "ann"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    shown = hide_home(f"{home}/.keras and {home}, not {home}-2, {home}.old or /mnt{home}")
    assert shown == f"~/.keras and ~, not {home}-2, {home}.old or /mnt{home}"


def test_the_home_is_hidden_in_all_texts_of_a_document(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "\u00fcnal"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    document = {f"{home}/a": [f"first\n{home}/b", 3, None, (True, {"x": str(home)})]}
    assert hide_home_within(document) == {"~/a": ["first\n~/b", 3, None, [True, {"x": "~"}]]}


def test_a_home_that_is_the_root_hides_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/")
    assert hide_home("/usr/lib") == "/usr/lib"
