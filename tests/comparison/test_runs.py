from __future__ import annotations

from pathlib import Path

import pytest

from kerastune_ft.comparison.runs import check_alike, open_runs
from kerastune_ft.errors import ConfigError
from tests.support.compared_runs import change, write_model
from tests.support.run_files import config_document, write_json, write_run


def test_a_run_has_its_figures_and_rows_by_split(tmp_path: Path) -> None:
    one, other = open_runs([write_model(tmp_path / "a", 1), write_model(tmp_path / "b", 2)])
    assert one.is_measured and one.state == "done" and one.fingerprint == "ab" * 32
    assert set(one.results) == set(one.splits) == {"validation", "test"}
    assert [row["input"] for row in one.results["test"]] == [row["input"] for row in one.splits["test"]]
    assert one.config["task"] == {"kind": "image_classification", "multi_label": False}, "which is no whole one"
    assert one.history and other.name == str(tmp_path / "b")


def test_a_killed_run_is_interrupted_and_has_no_results(tmp_path: Path) -> None:
    killed = write_run(tmp_path / "killed", state="running")
    (killed / "metrics.json").unlink()
    run, _ = open_runs([killed, write_model(tmp_path / "b", 2)])
    assert (run.state, run.is_measured, run.results) == ("interrupted", False, {})


def test_what_is_no_pair_of_runs_is_refused(tmp_path: Path) -> None:
    one = write_model(tmp_path / "a", 1)
    with pytest.raises(ConfigError, match="needs two runs or more"):
        open_runs([one])
    with pytest.raises(ConfigError, match="is given twice"):
        open_runs([one, f"{one}/../a"])
    with pytest.raises(ConfigError, match=r"nothing is no run directory: it has no config\.json"):
        open_runs([one, tmp_path / "nothing"])


def test_other_tasks_and_other_classes_are_refused_with_what_differs(tmp_path: Path) -> None:
    one, other = write_model(tmp_path / "a", 1), write_model(tmp_path / "b", 2)
    check_alike(open_runs([one, other]))
    change(other, "plan.json", labels={"kind": "one", "names": ["bacterial", "normal", "fungal"]})
    with pytest.raises(ConfigError, match=r"a alone has viral and .*b alone has fungal: runs are compared where"):
        check_alike(open_runs([one, other]))
    change(other, "plan.json", labels={"kind": "one", "names": ["viral", "normal", "bacterial"]})
    check_alike(open_runs([one, other]))
    change(other, "config.json", task={"kind": "image_regression"})
    with pytest.raises(ConfigError, match=r"a run of image_classification and .* one of image_regression"):
        check_alike(open_runs([one, other]))


def test_a_run_without_a_plan_yet_may_be_any(tmp_path: Path) -> None:
    begun = tmp_path / "begun"
    write_json(begun / "config.json", config_document())
    write_json(begun / "manifest.json", {"state": "running"})
    check_alike(open_runs([write_model(tmp_path / "a", 1), begun]))


def test_one_fold_is_refused_and_the_whole_named(tmp_path: Path) -> None:
    paths = [write_model(tmp_path / "x/folds/seed_0_fold_0", 1), write_model(tmp_path / "y", 2)]
    change(paths[0], "manifest.json", kind="fold")
    with pytest.raises(ConfigError, match=r"is one fold of a cross-validation.*compare the whole of it, .*/x$"):
        open_runs(paths)
