from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from kerastune_ft.config.read import read
from kerastune_ft.reporting.findings.banner import set_beside_choice
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
    assert any(plain.values()) and chosen == {
        name: ["auto=null", *keys] if any(key.startswith("phases.") for key in keys) else chosen[name]
        for name, keys in plain.items()
    }


def test_what_is_advised_is_read_again() -> None:
    document: dict[str, Any] = {
        "task": {"kind": "image_classification"},
        "data": {"kind": "folder", "path": "/photos"},
        "backbone": {"kind": "applications", "name": "MobileNetV2", "weights": "embedded"},
    }
    asked = read({**document, "phases": {"preset": "auto", "time": "3m", "batch_size": 8}})
    head = {"name": "head", "unfreeze": "none", "epochs": 2, "learning_rate": 0.01}
    written = asked.with_choice(read({**document, "phases": [head]}).phases).to_json()
    changed = read(written, set_beside_choice(["phases.head.epochs=4"], written["auto"]))
    assert changed.auto is None and changed.phases[0].epochs == 4
    # For another backbone the phases are chosen anew, with the keys that were beside the word.
    other = read(written, set_beside_choice(["backbone.weights=imagenet"], written["auto"]))
    assert other.awaits_choice and other.auto is not None and asked.auto is not None
    assert (other.auto.keys, other.auto.time) == (asked.auto.keys, "3m")
    assert set_beside_choice([], written["auto"]) == []
