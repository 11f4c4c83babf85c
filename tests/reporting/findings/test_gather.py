from __future__ import annotations

import json
from pathlib import Path

from kerastune_ft.reporting.findings.gather import read_findings
from tests.support import run_files


def test_findings_follow_from_the_files_of_a_run(tmp_path: Path) -> None:
    run_files.write_run(tmp_path)
    config = run_files.config_document(True)
    config["backbone"] = {"kind": "applications", "name": "MobileNetV2", "weights": "embedded"}
    config["data"] = {**config["data"], "kind": "folder"}
    run_files.write_json(tmp_path / "config.json", config)
    found = read_findings(tmp_path)
    (weak,) = [each for each in found if each["name"] == "weak_backbone"]
    assert weak["set"] == ["backbone.weights=imagenet"]
    assert "good" not in {each["level"] for each in found}
    assert json.loads(json.dumps(found)) == found


def test_a_run_that_is_not_evaluated_has_none(tmp_path: Path) -> None:
    run_files.write_run(tmp_path)
    (tmp_path / "metrics.json").unlink()
    assert read_findings(tmp_path) == []


def test_phases_that_were_chosen_are_set_without_what_vouches_for_them(tmp_path: Path) -> None:
    run_files.write_run(tmp_path)
    plain = {each["name"]: each["set"] for each in read_findings(tmp_path)}
    run_files.write_json(tmp_path / "config.json", {**run_files.config_document(True), "auto": {"chosen": "0" * 64}})
    chosen = {each["name"]: each["set"] for each in read_findings(tmp_path)}
    of_phases = {name for name, keys in plain.items() if any(key.startswith("phases.") for key in keys)}
    assert of_phases and chosen == {
        name: ["auto=null", *keys] if name in of_phases else keys for name, keys in plain.items()
    }
