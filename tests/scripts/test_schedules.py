"""How phases chosen by measurement stand against presets, on cells made up."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from measurements.defaults import schedules

from kerastune_ft.config.presets import AUTO
from kerastune_ft.scheduling import rules

Cells = dict[str, dict[str, list[dict[str, Any]]]]


def cells(**by_schedule: list[float]) -> dict[str, list[dict[str, Any]]]:
    return {
        name: [{"test": {"accuracy": value}, "cpu_seconds": 1.0} for value in values]
        for name, values in by_schedule.items()
    }


FOUND: Cells = {
    "flowers": cells(auto=[0.80, 0.82, 0.84], lora=[0.81, 0.81, 0.80], head=[0.7, 0.7, 0.7]),
    "mars": cells(auto=[0.90, 0.90, 0.90], lora=[0.95, 0.96, 0.94], head=[0.7, 0.9, 0.9]),
}


def test_schedules_of_language_models_are_not_measured_on_classifiers() -> None:
    assert {AUTO, "head_then_top", "lora", "full"} <= {*schedules.SCHEDULES}
    assert not {"last_then_lora", "unfreeze_at"} & {*schedules.SCHEDULES}


def test_of_equals_each_has_the_mean_of_their_places() -> None:
    ranks = schedules.rank(FOUND, "test")
    assert ranks[AUTO] == [2, 1, 1, 2, 2.5, 2.5] and ranks["lora"] == [1, 2, 2, 1, 1, 1]
    assert ranks["head"] == [3, 3, 3, 3, 2.5, 2.5]


def test_the_verdict_is_as_the_condition_is_stated() -> None:
    mean, flowers, mars = schedules.judge(FOUND)
    # 11 / 6 against 8 / 6, whose standard error is sqrt(.2667) / sqrt(6) = .211.
    assert mean == "mean rank of auto 1.83 ± .28, of the best preset, lora, 1.33 ± .21: beyond one standard error"
    # Differences of -1, 1 and 4 points: 1.33, with a standard error of 1.45.
    assert flowers == "flowers: auto +1.3 points against lora, +0.9 standard errors"
    assert mars == "mars: auto -5.0 points against lora, -8.7 standard errors (too far)"


def test_what_the_backbone_has_nothing_for_is_behind_all_others() -> None:
    found = {"mars": {**FOUND["mars"], "bitfit": [{"refused": "no bias can train"}] * 3}}
    assert schedules.rank(found, "test")["bitfit"] == [4, 4, 4]
    assert schedules.judge(found) == schedules.judge({"mars": FOUND["mars"]})
    rows = {row[0]: row for row in schedules.sheet(found, "").rows}
    assert rows["bitfit"][1] == schedules.ABSENT and rows["bitfit"][-1] == "0"


def test_one_seed_has_no_error_and_without_auto_there_is_no_verdict() -> None:
    one = {"mars": {name: each[:1] for name, each in FOUND["mars"].items()}}
    assert schedules.judge(one) == [
        "mean rank of auto 2.00, of the best preset, lora, 1.00",
        "mars: auto -5.0 points against lora (too far)",
    ]
    assert schedules.judge({"mars": {"lora": FOUND["mars"]["lora"]}}) == []


def test_cells_of_other_rules_are_measured_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str] = []

    def run(folder: Path, place: str, schedule: str, *more: Any) -> dict[str, Any]:
        made.append(schedule)
        return {"schedule": schedule}

    monkeypatch.setattr(schedules, "_run", run)
    for version in (4, 4, 5):
        monkeypatch.setattr(schedules, "VERSION", version)
        schedules.measure({"mars": "images/mars"}, [AUTO, "head"], 1, tmp_path, tmp_path, tmp_path)
    assert made == [AUTO, "head", AUTO] and rules.VERSION >= 4


def test_beside_presets_stands_what_init_writes_for_the_data(tmp_path: Path) -> None:
    rows = "".join(f"a {('dull', 'bright')[number % 2]} film of day {number},{number % 2}\n" for number in range(200))
    (tmp_path / "films.csv").write_text(f"text,label\n{rows}")
    config = {
        "data": {"kind": "table", "path": str(tmp_path / "films.csv"), "input": "text", "label": "label"},
        "backbone": {"kind": "keras_hub", "class": "BertBackbone"},
    }
    settings = schedules._find_settings(config, schedules.PROPOSED)
    assert settings["phases"][0]["unfreeze"] == "none" and settings["defaults"]["batch_size"] == 16
    assert schedules._find_settings(config, "lora") == {"phases": "lora"}
