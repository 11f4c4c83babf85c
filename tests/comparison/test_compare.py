from __future__ import annotations

import json
import shutil
import statistics
from pathlib import Path

import pytest

from kerastune_ft.comparison.compare import compare_runs, read_histories
from tests.support.compared_runs import change, write_model
from tests.support.places import ROOT
from tests.support.run_files import write_json, write_run


def test_runs_side_by_side_are_one_json_object(tmp_path: Path) -> None:
    paths = [write_model(tmp_path / f"r{draw}", draw) for draw in range(3)]
    found = json.loads(json.dumps(compare_runs(paths)))
    assert [run["run"] for run in found["runs"]] == list(map(str, paths))
    assert found["reference"] == str(paths[0]) and set(found["differences"]) == set(map(str, paths[1:]))
    assert any("2 runs are compared with" in note and "Holm" in note for note in found["notes"])
    cost = found["runs"][0]["cost"]
    assert (cost["training_seconds"], cost["epochs"], cost["cpu_seconds"]) == (69.0, 6, None)
    plan = json.loads((paths[0] / "plan.json").read_text())
    assert cost["trained_parameters"] == max(phase["trainable_parameters"] for phase in plan["phases"])
    assert set(read_histories(paths)) == set(map(str, paths))


def test_unfinished_runs_are_shown_as_such_and_differences_are_from_the_first_with_metrics(tmp_path: Path) -> None:
    begun = write_run(tmp_path / "begun", state="interrupted")
    (begun / "metrics.json").unlink()
    paths = [begun, write_model(tmp_path / "a", 1), write_model(tmp_path / "b", 2)]
    found = compare_runs(paths)
    assert found["reference"] == str(paths[1]) and set(found["differences"]) == {str(paths[2])}
    assert found["notes"][:2] == [
        f"{begun} is not finished (interrupted): it has no metrics yet",
        f"differences are from {paths[1]}, the first that has metrics",
    ]
    assert found["runs"][0]["metrics"] == {} and found["runs"][0]["phases"]


def test_two_unfinished_runs_have_nothing_to_differ_in(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (write_run(tmp_path / name, state="failed") / "metrics.json").unlink()
    found = compare_runs([tmp_path / "a", tmp_path / "b"])
    assert found["reference"] is None and found["differences"] == {} and len(found["notes"]) == 2


def test_runs_that_differ_in_the_seed_alone_have_mean_and_spread(tmp_path: Path) -> None:
    paths = [write_model(tmp_path / f"s{draw}", draw, settings={"seed": draw}) for draw in range(3)]
    paths.append(write_model(tmp_path / "other", 9, settings={"head": {"dropout": 0.5}}))
    (group,) = compare_runs(paths)["seeds"]
    assert group["runs"] == list(map(str, paths[:3]))
    values = [json.loads((path / "metrics.json").read_text())["test"]["accuracy"] for path in paths[:3]]
    found = group["metrics"]["test"]["accuracy"]
    assert found == pytest.approx({"mean": statistics.mean(values), "deviation": statistics.stdev(values)})


def test_figures_of_classes_stand_side_by_side(tmp_path: Path) -> None:
    paths = [write_model(tmp_path / f"r{draw}", draw) for draw in range(2)]
    assert compare_runs(paths)["classes"] is None
    for number, path in enumerate(paths):
        classes = {"test": {"viral": {"precision": 1.0, "f1": 0.5 + number / 10, "examples": 9}}}
        change(path, "metrics.json", classes=classes)
    assert compare_runs(paths)["classes"] == {
        "figure": "f1",
        "rows": [{"class": "viral", "examples": 9, "values": {str(paths[0]): 0.5, str(paths[1]): 0.6}}],
    }


def test_partly_common_examples_and_other_data_are_said(tmp_path: Path) -> None:
    paths = [write_model(tmp_path / "a", 1, test=range(20)), write_model(tmp_path / "b", 2, fingerprint="cd" * 32)]
    notes = compare_runs(paths)["notes"]
    assert any("on the 20 examples that both were measured on (20 and 27)" in note for note in notes)
    assert any("have other fingerprints" in note for note in notes)


@pytest.mark.parametrize("name", ["image_regression", "text_classification"])
def test_a_run_of_an_earlier_version_and_its_copy_are_the_same(tmp_path: Path, name: str) -> None:
    """Also of other kinds of labels: each metric differs by 0, and where it is defined its interval is 0 too."""
    shutil.copytree(ROOT / "tests/conformance/earlier_runs" / name, tmp_path / "copy")
    found = compare_runs([ROOT / "tests/conformance/earlier_runs" / name, tmp_path / "copy"])
    assert found["config"] == [] and found["notes"] == []
    test = found["differences"][str(tmp_path / "copy")]["test"]
    assert set(test["metrics"]) == set(found["runs"][0]["metrics"]["test"])
    for own in test["metrics"].values():
        assert own["difference"] == 0 and own["interval"] in ([0.0, 0.0], None) and own["verdict"] == "unclear"
    assert (test["mcnemar"] is None) == (name == "image_regression")


def test_a_refit_counts_in_the_cost_and_validation_is_of_the_model_before(tmp_path: Path) -> None:
    paths = [write_model(tmp_path / name, draw) for draw, name in enumerate(("plain", "again"))]
    write_json(paths[1] / "refit/plan.json", {"phases": [{"name": "head"}]})
    change(paths[1], "manifest.json", refit=[{"name": "head", "epochs": 2, "steps": 30, "seconds": 4.5}])
    found = compare_runs(paths)
    plain, again = (run["cost"] for run in found["runs"])
    assert {key: again[key] - plain[key] for key in ("epochs", "steps", "training_seconds")} == {
        "epochs": 2,
        "steps": 30,
        "training_seconds": pytest.approx(4.5),
    }
    assert found["notes"] == [f"validation: figures of {paths[1]} are of the model before its refit"]
