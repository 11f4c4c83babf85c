from __future__ import annotations

import random
from itertools import pairwise
from typing import Any

import pandas
import pytest

from kerastune_ft.reporting import phase_results
from tests.support import run_files


@pytest.fixture(scope="module")
def trained() -> tuple[dict[str, Any], list[dict[str, Any]], dict[str, Any]]:
    plan = run_files.plan_document(phases=3, epochs=4)
    history = run_files.history_rows(plan, random.Random(9))
    return plan, history, run_files.manifest_document(plan, history)


def test_gain_is_the_difference_between_best_epochs(trained: Any) -> None:
    plan, history, manifest = trained
    best = pandas.DataFrame(history).groupby("phase")["validation_auc"].max()
    rows = phase_results.summarise_phases(plan, manifest, history)
    assert rows[0]["before"] is None and rows[0]["gain"] is None
    for earlier, row in pairwise(rows):
        assert row["before"] == best[earlier["name"]] and row["after"] == best[row["name"]]
        assert row["gain"] == pytest.approx(best[row["name"]] - best[earlier["name"]])
        assert row["improved"] is True
    assert phase_results.find_better_phase(rows, history) is None


def test_a_phase_that_starts_from_the_last_epoch_is_compared_with_it(trained: Any) -> None:
    plan, history, manifest = trained
    second = {**plan["phases"][1], "start_from": "last"}
    rows = phase_results.summarise_phases({**plan, "phases": [plan["phases"][0], second]}, manifest, history)
    assert rows[1]["before"] == history[3]["validation_auc"]


def test_an_earlier_phase_that_was_better_is_named(trained: Any) -> None:
    plan, history, _ = trained
    worse = [{**row, "validation_auc": row["validation_auc"] - (row["phase"] == "top_2")} for row in history]
    spoilt = run_files.manifest_document(plan, worse)
    rows = phase_results.summarise_phases(plan, spoilt, worse)
    assert phase_results.find_better_phase(rows, worse) == "top_1"
    assert rows[2]["improved"] is False


def test_a_smaller_loss_is_the_better_one(trained: Any) -> None:
    plan, history, _ = trained
    on_loss = {**plan, "phases": [{**phase, "monitor": "validation_loss"} for phase in plan["phases"]]}
    rows = phase_results.summarise_phases(on_loss, run_files.manifest_document(on_loss, history), history)
    assert rows[1]["gain"] < 0 and rows[1]["improved"] is True


def test_differences_below_six_digits_are_ties(trained: Any) -> None:
    plan, history, _ = trained
    flat = [{**row, "validation_auc": 0.5 + (row["phase"] == "head") * 1e-9} for row in history]
    rows = phase_results.summarise_phases(plan, run_files.manifest_document(plan, flat), flat)
    assert phase_results.find_better_phase(rows, flat) is None


def test_a_phase_not_begun_is_pending(trained: Any) -> None:
    plan, history, manifest = trained
    begun = {**manifest, "phases": manifest["phases"][:1]}
    rows = phase_results.summarise_phases(plan, begun, [row for row in history if row["phase"] == "head"])
    assert [row["state"] for row in rows] == ["done", "pending", "pending"]
    assert rows[1]["after"] is None and rows[1]["epochs"] == 0


def test_the_strip_marks_exactly_what_the_plan_trains(trained: Any) -> None:
    plan, _, manifest = trained
    for strip, phase in zip(phase_results.build_unit_strips(plan, manifest), plan["phases"], strict=True):
        assert {cell["unit"] for cell in strip["cells"] if cell["trains"]} == set(phase["trains"])
        assert strip["cells"][-1]["unit"] == "head"


def test_a_gain_has_a_verdict_only_where_it_is_larger_than_chance(trained: Any) -> None:
    plan, history, manifest = trained
    gain = phase_results.summarise_phases(plan, manifest, history)[1]["gain"]
    for chance, verdict in ((gain * 0.9, "better"), (gain * 1.1, "unclear"), (None, "unclear")):
        noise = {} if chance is None else {"validation_auc": chance}
        assert phase_results.summarise_phases(plan, manifest, history, noise)[1]["verdict"] == verdict
    worse = [{**row, "validation_auc": row["validation_auc"] - (row["phase"] == "top_2")} for row in history]
    spoilt = run_files.manifest_document(plan, worse)
    assert phase_results.summarise_phases(plan, spoilt, worse, {"validation_auc": 0.1})[2]["verdict"] == "worse"


def test_noise_is_half_the_interval_scaled_to_the_validation_examples() -> None:
    plan = {"data": {"sizes": {"validation": 100, "test": 400}}}
    intervals = {"accuracy": (0.8, 0.9)}
    found = phase_results.find_noise(plan, intervals, {"test": 400})
    assert found == {"validation_accuracy": pytest.approx(0.1)}
    assert phase_results.find_noise(plan, intervals, {}) == phase_results.find_noise({}, intervals, {"test": 400}) == {}


def test_a_smaller_loss_for_less_accuracy_is_no_plain_gain(trained: Any) -> None:
    plan, history, _ = trained
    on_loss = {**plan, "phases": [{**phase, "monitor": "validation_loss"} for phase in plan["phases"]]}
    noise = {"validation_loss": 1e-6}
    rows = phase_results.summarise_phases(on_loss, run_files.manifest_document(on_loss, history), history, noise)
    assert rows[1]["verdict"] == "better"
    assert (rows[1]["headline"]["metric"], rows[1]["headline"]["lost"]) == ("validation_accuracy", False)
    lost = [{**row, "validation_accuracy": 0.9 - 0.1 * (row["phase"] != "head")} for row in history]
    rows = phase_results.summarise_phases(on_loss, run_files.manifest_document(on_loss, lost), lost, noise)
    assert rows[1]["headline"]["gain"] == pytest.approx(-0.1) and rows[1]["verdict"] == "unclear"


def test_a_phase_with_epochs_and_no_result_is_under_way(trained: Any) -> None:
    plan, history, manifest = trained
    begun = {**manifest, "phases": manifest["phases"][:1]}
    states = [row["state"] for row in phase_results.summarise_phases(plan, begun, history[:6])]
    assert states == ["done", "under way", "pending"]
