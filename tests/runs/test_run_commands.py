"""Commands that need TensorFlow, given one after another as a user would; tests/cli/test_commands.py has the others."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from kerastune_ft.metrics.document import metrics_by_split
from kerastune_ft.rundir import RunDirectory
from tests.support.processes import Outcome
from tests.support.tiny_run import history, results

FIGURES = {"loss", "accuracy", "macro_f1", "auc"}
FAILED = {
    "other rate": 2,
    "begun": 2,
    "no split": 2,
    "split and data": 2,
    "no unit": 2,
    "diverged": 4,
    "numbered": 75,
    "numbered other": 75,
}
JSON = ("again", "other rate", "evaluate", "report", "units of run", "plan", "no unit", "diverged", "more epochs")


def test_every_command_has_its_exit_code(commands: dict[str, Outcome]) -> None:
    assert {name: outcome.code for name, outcome in commands.items()} == {
        name: FAILED.get(name, 0) for name in commands
    }


def test_no_user_error_has_a_traceback(commands: dict[str, Outcome]) -> None:
    assert [name for name, outcome in commands.items() if "Traceback" in outcome.text] == []


@pytest.mark.parametrize("name", JSON)
def test_json_is_all_there_is_on_standard_output(commands: dict[str, Outcome], name: str) -> None:
    assert commands[name].json


def test_the_first_line_names_directory_reason_and_devices(commands: dict[str, Outcome]) -> None:
    assert commands["run"].err.splitlines()[0].startswith("run base (new) on CPU (")
    assert commands["more epochs"].err.splitlines()[0].startswith("run split (continues where it stopped) on CPU (")


def test_the_last_lines_give_figures_directory_and_next_command(commands: dict[str, Outcome], base: Path) -> None:
    figures, directory, following = commands["run"].out.splitlines()[-3:]
    test = json.loads((base / "metrics.json").read_text())["test"]
    assert figures == "  ".join(f"test_{name} {value:.4f}" for name, value in test.items())
    assert directory == "run directory: base"
    assert following == "next: open base/report/index.html, or: python -m kerastune_ft report base"


def test_a_finished_run_prints_its_metrics_and_trains_nothing(commands: dict[str, Outcome], base: Path) -> None:
    again, document = commands["again"], json.loads((base / "metrics.json").read_text())
    printed = again.json
    findings = printed.pop("findings")
    assert printed == {
        "run": "base",
        "state": "done",
        "metrics": metrics_by_split(document),
        "constant": json.loads((base / "evaluation/constant.json").read_text()),
        "intervals": document["intervals"],
        "examples": {"validation": 11, "test": 10},
    }
    # With 10 test examples nothing is certain.
    assert findings
    assert {name for each in findings for name in each} == {"name", "level", "text", "advice", "set"}
    assert again.err == "run base finished before with this configuration and this data\n"


def test_until_phase_leaves_a_finished_run_alone(commands: dict[str, Outcome], base: Path) -> None:
    assert commands["until on finished"].out.splitlines()[-3:] == commands["run"].out.splitlines()[-3:]
    document = json.loads((base / "metrics.json").read_text())
    reliability = json.loads((base / "evaluation/reliability.json").read_text())
    assert commands["evaluate"].json == {
        "test": document["test"],
        "intervals": document["intervals"],
        "examples": {"test": 10},
        "calibration": reliability["calibration"],
        "choice": {name: reliability[name] for name in ("split", "examples", "groups", "chosen_on", "chosen_examples")},
    }


def test_another_rate_is_refused_with_the_difference(commands: dict[str, Outcome]) -> None:
    problem = commands["other rate"].json
    assert (problem["error"], problem["exit_code"]) == ("ConfigError", 2)
    assert "phases[0].learning_rate.peak: 0.01 -> 0.5" in problem["message"]
    assert "--fresh" in problem["message"]


def test_more_epochs_are_refused_in_a_phase_under_way(commands: dict[str, Outcome]) -> None:
    assert "phases[0].epochs: 2 -> 5" in commands["begun"].json["message"]


def test_an_unknown_unit_has_the_nearest_one(commands: dict[str, Outcome]) -> None:
    message = commands["no unit"].json["message"]
    assert message.startswith("phases[1] (top).unfreeze: there is no unit 'block99'; did you mean")


def test_divergence_names_phase_rate_and_remedy(commands: dict[str, Outcome], folder: Path) -> None:
    problem = commands["diverged"].json
    assert (problem["error"], problem["exit_code"]) == ("DivergedError", 4)
    for part in ("phase head", "NaN or infinite", "1e+30", "clip_norm"):
        assert part in problem["message"]
    manifest = RunDirectory(folder / "diverged").manifest() or {}
    assert (manifest["state"], manifest["exit_code"]) == ("failed", 4)
    assert not (folder / "diverged" / "metrics.json").exists()


def test_one_phase_and_then_the_rest_is_one_run(commands: dict[str, Outcome], folder: Path, small_base: Path) -> None:
    assert "stopped after phase head; the next run goes on with phase top" in commands["one phase"].err
    assert commands["one phase"].json["state"] == "interrupted"
    assert commands["one phase"].json["metrics"] == {}
    more = commands["more epochs"]
    assert "changed since the run began: phases[1].epochs: 1 -> 2" in more.err
    assert "phase head: trains" not in more.err
    assert more.json["metrics"] == metrics_by_split(json.loads((small_base / "metrics.json").read_text()))


def test_the_norms_of_gradients_change_no_bit_and_are_by_epoch_and_unit(
    commands: dict[str, Outcome], folder: Path, small_base: Path
) -> None:
    kept = folder / "split.before-1"
    assert not list(kept.glob("phases/*/gradient_norms.csv")) and list(small_base.glob("phases/*/gradient_norms.csv"))
    for own in ("00-head", "01-top"):
        weights = f"phases/{own}/best.safetensors"
        assert (kept / weights).read_bytes() == (small_base / weights).read_bytes()
        with (small_base / "phases" / own / "gradient_norms.csv").open() as file:
            rows = list(csv.DictReader(file))
        result = json.loads((small_base / "phases" / own / "result.json").read_text())
        assert [(row["epoch"], row["unit"]) for row in rows] == [
            (str(epoch), unit) for epoch in (1, 2) for unit in result["moved"]
        ]
        assert all(0 < float(row["mean"]) <= float(row["largest"]) for row in rows)
        assert {row["steps"] for row in rows} == {"5" if own == "00-head" else "3"}
        assert set(result["gradient_norms"]) == set(result["moved"])


def test_an_appended_phase_goes_on_with_a_finished_run(
    commands: dict[str, Outcome], folder: Path, small_base: Path
) -> None:
    assert "changed since the run began: phases[2]: third appended" in commands["appended"].err
    kept = folder / "split.before-1"
    assert history(kept)[:4] == history(small_base)
    assert [row["phase"] for row in history(kept)] == ["head", "head", "top", "top", "third"]
    manifest = json.loads((kept / "manifest.json").read_text())
    assert manifest["state"] == "done"
    assert [phase["name"] for phase in manifest["phases"]] == ["head", "top", "third"]
    # Pictures and names of examples, once unwanted, do not stay from the evaluation before.
    assert (small_base / "evaluation/mistakes.json").exists()
    assert not (kept / "evaluation/mistakes.json").exists()
    assert [name for name in manifest["files"] if "mistakes" in name] == []
    for file in ("phases/00-head/best.safetensors", "phases/01-top/best.safetensors"):
        assert (kept / file).read_bytes() == (small_base / file).read_bytes()


def test_fresh_keeps_the_earlier_run_aside(commands: dict[str, Outcome], folder: Path) -> None:
    assert "the earlier run is kept in split.before-1" in commands["fresh"].err.splitlines()[0]
    assert [row["epoch"] for row in history(folder / "split")] == ["1"]
    assert commands["fresh"].out.splitlines()[-3:] == [
        "not evaluated yet",
        "run directory: split",
        "next: run the same command without --until-phase to continue",
    ]


def test_without_a_run_directory_runs_are_numbered(commands: dict[str, Outcome]) -> None:
    assert commands["numbered"].err.splitlines()[0].startswith("run runs/small-1 (new) on")
    assert commands["numbered again"].err.splitlines()[0].startswith("run runs/small-1 (continues where it stopped) on")
    assert commands["numbered other"].err.splitlines()[0].startswith("run runs/small-2 (new) on")


def test_a_time_limit_stops_after_a_step_and_saves_it(
    commands: dict[str, Outcome], folder: Path, small_base: Path
) -> None:
    last = commands["numbered"].err.splitlines()[-1]
    assert "time limit" in last
    assert "the same command goes on" in last
    assert "going on after step 1" in commands["numbered again"].err
    assert history(folder / "runs" / "small-1") == history(small_base)[:2]


def test_the_plan_says_what_was_trained(commands: dict[str, Outcome], base: Path) -> None:
    plan: Any = commands["plan"].json
    kept = json.loads((base / "plan.json").read_text())
    # They follow from the free disk and from what the run has stored meanwhile.
    for document in (plan, kept):
        document["cache"] = {key: document["cache"][key] for key in ("settings", "stores")}
    assert plan == kept
    for number, folder in enumerate(("00-head", "01-top")):
        moved = json.loads((base / "phases" / folder / "result.json").read_text())["moved"]
        assert list(moved) == plan["phases"][number]["trains"]
    assert "block16" in commands["plan as table"].out


def test_every_file_of_the_manifest_is_there_and_no_other(base: Path) -> None:
    import hashlib

    manifest = json.loads((base / "manifest.json").read_text())
    for name, about in manifest["files"].items():
        content = (base / name).read_bytes()
        assert about == {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}, name
    found = {path.relative_to(base).as_posix() for path in base.rglob("*") if path.is_file()}
    others = {name for name in found - set(manifest["files"]) if "/checkpoint/" not in name}
    assert others == {".lock", "manifest.json", "log.txt", "events.jsonl"}
    assert manifest["exit_code"] == 0


def test_the_metrics_are_those_of_the_best_epoch(base: Path) -> None:
    rows, metrics = history(base), json.loads((base / "metrics.json").read_text())
    assert set(metrics) == {"validation", "test", "classes", "intervals", "examples"}
    assert sum(figures["examples"] for figures in metrics["classes"]["test"].values()) == metrics["examples"]["test"]
    assert set(metrics["test"]) == FIGURES
    best = min((row for row in rows if row["phase"] == "top"), key=lambda row: float(row["validation_loss"]))
    assert float(best["validation_loss"]) == metrics["validation"]["loss"]
    assert results(base)["predictions"].count("\n") == 1 + 11 + 10


def test_hiding_examples_later_makes_the_evaluation_of_a_finished_run_anew(commands: dict[str, Outcome]) -> None:
    hidden = commands["examples hidden"]
    assert hidden.code == 0
    assert "changed since the run began: output.examples: true -> false" in hidden.err
    assert "finished before" not in hidden.err
    assert "head 1/" not in hidden.err


def test_a_split_and_other_data_do_not_go_together(commands: dict[str, Outcome]) -> None:
    assert "--split has no effect with --data" in commands["split and data"].err


def test_a_batch_is_never_larger_than_the_data(commands: dict[str, Outcome]) -> None:
    plan = commands["large batch"].json
    examples = sum(plan["data"]["counts"]["train"].values())
    assert plan["phases"][0]["replica_batch"] == examples
    assert any(str(examples) in note and "100000000" in note for note in plan["notes"])
