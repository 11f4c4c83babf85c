from __future__ import annotations

import math
from pathlib import Path

import pytest

from kerastune_ft.metrics.intervals.base import find_intervals, measure
from kerastune_ft.rules import FIRST
from kerastune_ft.rundir import RunDirectory
from kerastune_ft.verification.metrics import check_metrics
from kerastune_ft.verification.results.base import Table
from kerastune_ft.verification.results.one_class import OneClassCheck
from kerastune_ft.verification.run_record import Findings, RunRecord

LABELS = {"kind": "one", "names": ["ill", "well"]}


def row(label: str, ill: float, **more: str) -> dict[str, str]:
    likely = ill if label == "ill" else 1 - ill
    cells = {"probability_ill": repr(ill), "probability_well": repr(1 - ill), "loss": repr(-math.log(likely))}
    return {"label": label, "prediction": "ill" if ill > 0.5 else "well", **cells, **more}


@pytest.mark.parametrize(("positive", "auc"), [("ill", 0.75), ("well", 0.75), (None, 0.75)])
def test_metrics_follow_from_the_rows(positive: str | None, auc: float) -> None:
    rows = [row("ill", 0.9), row("ill", 0.4), row("well", 0.6), row("well", 0.1)]
    found = OneClassCheck().score(Table(rows, LABELS, positive))
    assert (found["accuracy"], found["auc"]) == (0.5, auc)
    assert found["loss"] == pytest.approx(-(math.log(0.9) * 2 + math.log(0.4) * 2) / 4)


def test_the_rules_of_the_run_decide_over_which_classes_f1_is() -> None:
    rows = [row("ill", 0.9), row("ill", 0.8), row("ill", 0.4)]
    assert OneClassCheck().score(Table(rows, LABELS))["macro_f1"] == pytest.approx(4 / 5)
    assert OneClassCheck().score(Table(rows, LABELS, rules=FIRST))["macro_f1"] == pytest.approx(4 / 5 / 2)


@pytest.mark.parametrize(("recorded", "f1"), [({}, 4 / 5 / 2), ({"rules": 2}, 4 / 5)])
def test_a_run_is_verified_by_the_rules_it_recorded(tmp_path: Path, recorded: dict[str, int], f1: float) -> None:
    rows = [row("ill", 0.9, split="test"), row("ill", 0.8, split="test"), row("ill", 0.4, split="test")]
    loss = sum(float(one["loss"]) for one in rows) / 3
    run = RunDirectory(tmp_path / "run")
    run.commit_json("plan.json", {"labels": LABELS, "phases": []})
    run.commit_json("config.json", {"task": {}})
    run.commit_csv("evaluation/predictions.csv", list(rows[0]), rows)
    for number, is_right in ((f1, True), (4 / 5 if f1 < 0.5 else 2 / 5, False)):
        scores = {"loss": loss, "accuracy": 2 / 3, "macro_f1": number, "auc": None}
        run.commit_json("metrics.json", {"test": scores})
        run.update_manifest(state="done", **recorded)
        findings = Findings()
        check_metrics(RunRecord(run, is_live=False), findings)
        assert [finding.place for finding in findings.found] == ([] if is_right else ["metrics.json, test.macro_f1"])


def test_a_prediction_and_a_loss_that_do_not_follow_are_found() -> None:
    rows = [row("ill", 0.9), row("ill", 0.4, prediction="ill"), row("well", 0.1, loss="0.2")]
    assert list(OneClassCheck().find_faults(Table(rows, LABELS))) == [
        (1, "the prediction is 'ill', and 'well' by its probabilities"),
        (2, "the loss is 0.2, and 0.105361 by its other numbers"),
    ]


@pytest.mark.parametrize("grouped", [False, True])
def test_intervals_and_chosen_metrics_follow_from_the_rows(tmp_path: Path, grouped: bool) -> None:
    pairs = [("ill", 0.9), ("ill", 0.8), ("ill", 0.4), ("well", 0.6), ("well", 0.2), ("well", 0.3)] * 5
    rows = [row(label, ill, split="test", input=str(place)) for place, (label, ill) in enumerate(pairs)]
    groups = [str(place // 2) for place in range(len(rows))] if grouped else None
    names = ["loss", "accuracy", "macro_f1", "auc", "kappa"]
    sample = OneClassCheck().sample(Table(rows, LABELS), names)
    run = RunDirectory(tmp_path / "run")
    run.commit_json("plan.json", {"labels": LABELS, "phases": []})
    run.commit_json("config.json", {"task": {"metrics": ["kappa"]}})
    run.commit_csv("evaluation/predictions.csv", list(rows[0]), rows)
    recorded = [{"input": one["input"], "split": "test", "label": one["label"]} for one in rows]
    if groups is not None:
        recorded = [{**one, "group": group} for one, group in zip(recorded, groups, strict=True)]
    run.commit_csv("splits.csv", list(recorded[0]), recorded)
    intervals = find_intervals(sample, groups)
    assert set(intervals) == set(names)
    for change, place in ((0.0, []), (0.01, ["metrics.json, intervals.test.auc, low"])):
        written = {**intervals, "auc": (intervals["auc"][0] + change, intervals["auc"][1])}
        document = {"test": measure(sample), "intervals": {"test": written}, "examples": {"test": len(rows)}}
        run.commit_json("metrics.json", document)
        run.update_manifest(state="done", rules=2)
        findings = Findings()
        check_metrics(RunRecord(run, is_live=False), findings)
        assert [finding.place for finding in findings.found] == place
    # What cannot be computed again is not counted among what holds.
    run.commit_json("metrics.json", {**document, "intervals": {"test": {**intervals, "dice": (0.1, 0.2)}}})
    said = check_metrics(RunRecord(run, is_live=False), Findings())
    assert said == "15 metrics, the same as the predictions give"
    # Other groups give other intervals.
    assert find_intervals(sample, groups) != find_intervals(sample, [str(place // 15) for place in range(len(rows))])
