from __future__ import annotations

import re

import pytest

from kerastune_ft.doctor.finding import BROKEN, NOTE, WARNING
from kerastune_ft.doctor.versions import TRIED, examine_versions, list_faults
from tests.support.places import ROOT

GOOD = {
    "python": "3.12.1",
    "tensorflow": "2.21.0",
    "tensorflow-text": "2.21.1",
    "keras": "3.15.1",
    "keras-hub": "0.32.0",
}


def test_versions_that_were_tried_have_no_fault() -> None:
    assert list_faults(GOOD) == []


@pytest.mark.parametrize(
    ("changed", "level", "words", "remedy"),
    [
        ({"keras": "3.12.4"}, WARNING, "keras 3.12.4 is older", '"keras>=3.13"'),
        ({"keras": "3.16.0"}, NOTE, "newer than the newest that was tried, 3.15", ""),
        ({"python": "3.10.2"}, WARNING, "python 3.10.2 is older", "newer Python"),
        ({"tensorflow-text": "2.20.1"}, BROKEN, "another TensorFlow than 2.21.0", '"tensorflow-text==2.21.*"'),
        ({"tensorflow-cpu": "2.21.0"}, WARNING, "tensorflow and tensorflow-cpu bring the same", "--force-reinstall"),
        ({"tensorflow-tpu": "2.20.0"}, BROKEN, "do not go together", "tensorflow-tpu==2.20.*"),
        (
            {"tensorflow": "2.20.0", "tensorflow-text": "2.20.1", "tensorflow-tpu": "2.20.0", "libtpu": "0.0.52"},
            WARNING, "libtpu 0.0.52", "libtpu==0.0.14",
        ),
        ({"keras": "of somebody"}, None, "", ""),
    ],
)  # fmt: skip
def test_a_fault_is_named_with_its_remedy(changed: dict[str, str], level: str | None, words: str, remedy: str) -> None:
    found = list_faults({**GOOD, **changed})
    if level is None:
        assert found == []
        return
    (finding,) = found
    assert finding.level == level and words in finding.text and remedy in finding.remedy


def test_python_without_docstrings_is_broken() -> None:
    (finding,) = list_faults(GOOD, optimize=2)
    assert finding.level == BROKEN and "PYTHONOPTIMIZE" in finding.remedy


def test_what_is_here_is_named() -> None:
    section = examine_versions()
    assert section.facts["tensorflow"] and section.facts["system"]
    assert "Python 3." in section.findings[0].text and "keras " in section.findings[1].text


def test_the_versions_are_those_of_the_documentation() -> None:
    rows = re.findall(r"^\| ([\w-]+) \| ([\d.]+) \| ([\d.]+) \|$", (ROOT / "docs/running.md").read_text(), re.MULTILINE)
    assert {name.lower(): (oldest, newest) for name, oldest, newest in rows} == TRIED
