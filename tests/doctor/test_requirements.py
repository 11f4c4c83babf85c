from __future__ import annotations

import configparser
import importlib.metadata
from collections.abc import Sequence

import pytest

from kerastune_ft.doctor import requirements
from kerastune_ft.doctor.finding import BROKEN, NOTE, OK, WARNING, Finding
from tests.support.places import ROOT

DEVICES_AND_TESTS = {"gpu", "tpu", "test"}


def test_every_extra_says_what_it_is_for() -> None:
    parser = configparser.ConfigParser()
    parser.read(ROOT / "setup.cfg")
    assert set(parser["options.extras_require"]) - DEVICES_AND_TESTS <= set(requirements.FEATURES)


def install(monkeypatch: pytest.MonkeyPatch, packages: dict[str, tuple[str, Sequence[str]]]) -> None:
    """Let these packages, with version and requirements, be all that is installed."""

    def look_up(name: str) -> tuple[str, Sequence[str]]:
        if name not in packages:
            raise importlib.metadata.PackageNotFoundError(name)
        return packages[name]

    monkeypatch.setattr(importlib.metadata, "version", lambda name: look_up(name)[0])
    monkeypatch.setattr(importlib.metadata, "requires", lambda name: look_up(name)[1])
    monkeypatch.setattr(requirements, "list_extras", lambda: ["export", "excel"])


def examine() -> list[Finding]:
    return list(requirements.examine_requirements().findings)


def test_what_is_missing_or_too_old_is_broken_and_names_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    needs = ["tensorflow>=2.20", "rich>=13.7", 'nothing>=1; python_version < "3"', "pyarrow"]
    install(monkeypatch, {"kerastune_ft": ("0.1", needs), "tensorflow": ("2.19.1", []), "pyarrow": ("15", [])})
    old, missing = (finding for finding in examine() if finding.level == BROKEN)
    assert old.text == "kerastune_ft needs tensorflow>=2.20, here is 2.19.1"
    assert old.remedy == 'python -m pip install "tensorflow>=2.20"'
    assert missing.text == "kerastune_ft needs rich>=13.7"


def test_a_feature_without_its_packages_is_a_note_with_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    needs = ["keras", 'onnx>=1.18; extra == "export"', 'tf2onnx; extra == "export"', 'openpyxl; extra == "excel"']
    install(
        monkeypatch,
        {"kerastune_ft": ("0.1", needs), "keras": ("3.15", []), "onnx": ("1.10", []), "openpyxl": ("3.1", [])},
    )
    *_, note = found = examine()
    assert note.level == NOTE and note.text == "export to ONNX and LiteRT: onnx, tf2onnx missing"
    assert note.remedy == 'python -m pip install "kerastune_ft[export]"'
    assert [finding.text for finding in found if "extras" in finding.text] == [
        "extras that are here: tables in .xlsx files"
    ]


def test_conflicts_below_are_warnings(monkeypatch: pytest.MonkeyPatch) -> None:
    packages = {
        "kerastune_ft": ("0.1", ["keras-hub"]),
        "keras-hub": ("0.32", ["kagglehub==1"]),
        "kagglehub": ("2", ["keras-hub"]),
    }
    install(monkeypatch, packages)
    (warning,) = (finding for finding in examine() if finding.level != OK)
    assert (warning.level, warning.text) == (WARNING, "keras-hub asks for kagglehub==1, here is 2")


def test_a_folder_that_was_not_installed_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, {})
    (finding,) = examine()
    assert finding.level == WARNING and "not installed" in finding.text
