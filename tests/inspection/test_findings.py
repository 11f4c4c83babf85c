from __future__ import annotations

from kerastune_ft.inspection.findings import FAULTS, IMBALANCE, NEAR, OUTLIERS, TITLES, Example, Finding, Inspection
from kerastune_ft.inspection.findings import Exclusions as Left


def test_faults_are_what_strict_fails_for() -> None:
    findings = [Finding(kind, 1, "", "") for kind in (NEAR, OUTLIERS, IMBALANCE)]
    found = Inspection("a", "image", [], findings, Left({3: "x", 1: "y"}), [], {})
    assert [each.kind for each in found.faults] == [NEAR]
    assert found.find(OUTLIERS) is findings[1]
    assert found.find("conflicts") is None
    assert found.exclusions.positions == [1, 3]
    assert set(TITLES) > FAULTS


def test_an_example_without_names_tells_no_file_or_person() -> None:
    example = Example("a/b.png", "train", "cat", "patient 7", "00ff")
    assert example.to_json(True) == {"input": "a/b.png", "split": "train", "label": "cat", "group": "patient 7"}
    assert example.to_json(False) == {"split": "train", "label": "cat"}
