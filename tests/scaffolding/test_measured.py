"""The backbone of a proposal by measurement, with rankings made up."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from kerastune_ft.config.read import read
from kerastune_ft.errors import ConfigError
from kerastune_ft.scaffolding.measured import with_measured_backbone
from kerastune_ft.scaffolding.propose import Proposal
from kerastune_ft.scaffolding.scaffold import init
from tests.support.init_data import write_table

OWN = {"// name": "the small model", "kind": "applications", "name": "MobileNetV2", "weights": "embedded"}
PROPOSAL = Proposal({"task": {"kind": "image_classification"}, "backbone": OWN}, 100, {"a": 50, "b": 50}, ("seen",))


def row(name: str, value: float | None, **more: Any) -> dict[str, Any]:
    known = {"interval": None if value is None else [value - 0.1, value + 0.05], "why": "", "origin": "cache"}
    return {"name": name, "value": value, "state": "tried", "backbone": {"kind": "applications", "name": name}} | (
        known | more
    )


def ranking(*rows: dict[str, Any]) -> dict[str, Any]:
    return {"metric": "validation_accuracy", "backbones": list(rows)}


def test_the_best_is_written_with_its_figures_and_all_are_said() -> None:
    asked: list[Mapping[str, Any]] = []
    refused = row("EfficientNetB0", None, state="not tried", why="its weights are not here")
    found = ranking(row("MobileNet", 0.8), row("MobileNetV2 (embedded)", 0.6, origin="config"), refused)
    chosen = with_measured_backbone(PROPOSAL, lambda document: asked.append(document) or found)
    assert asked == [PROPOSAL.document]
    reason = "the best of 2 by linear probes on these data: validation_accuracy 0.8 (0.7 to 0.85)"
    assert chosen.document["backbone"] == {"// kind": reason, "kind": "applications", "name": "MobileNet"}
    assert chosen.seen == (
        "seen",
        "backbone MobileNet: validation_accuracy 0.8 (0.7 to 0.85)",
        "backbone MobileNetV2 (embedded): validation_accuracy 0.6 (0.5 to 0.65)",
        "backbone EfficientNetB0: not tried: its weights are not here",
    )


def test_one_that_was_proposed_and_is_best_stays_as_it_is_written() -> None:
    found = ranking(row("MobileNetV2 (embedded)", 0.6, origin="config", backbone={"kind": "applications"}))
    chosen = with_measured_backbone(PROPOSAL, lambda document: found).document["backbone"]
    assert {key: value for key, value in chosen.items() if key != "// kind"} == {
        key: value for key, value in OWN.items() if key != "// name"
    }


def test_where_none_could_be_tried_the_proposal_stays() -> None:
    found = ranking(row("MobileNetV2 (embedded)", None, state="not tried", why="no", origin="config"))
    assert with_measured_backbone(PROPOSAL, lambda document: found).document == PROPOSAL.document


def test_the_file_has_the_backbone_and_the_ranking_saw_the_data_from_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write_table(
        tmp_path / "cases.csv", [{"text": f"the film of day {day} was long", "label": day % 2} for day in range(40)]
    )
    (tmp_path / "configs").mkdir()
    seen: list[Mapping[str, Any]] = []
    found = ranking(row("MobileNet", 0.8))
    written = init("cases.csv", "configs/mine.json", rank=lambda document: seen.append(document) or found)
    assert seen[0]["data"]["path"] == "cases.csv" and read(seen[0]).data.path == str(tmp_path / "cases.csv")
    document = json.loads(written.config.read_text())
    assert document["backbone"]["name"] == "MobileNet"
    assert document["data"]["path"] == "../cases.csv"
    with pytest.raises(ConfigError, match="--measure chooses the backbone"):
        init("cases.csv", "other.json", backbone="ResNet50", rank=lambda document: found)
    with pytest.raises(ConfigError, match="--measure has no effect with --example"):
        init(example="medical", rank=lambda document: found)
    assert not (tmp_path / "other.json").exists()
