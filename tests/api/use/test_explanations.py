from __future__ import annotations

import json
from pathlib import Path

import pytest

import kerastune_ft as kt
from kerastune_ft.api.use.explanations import explain_run
from kerastune_ft.errors import ConfigError
from kerastune_ft.rundir import RunDirectory
from tests.support.trained_runs import small_backbone, train, write_data


def test_no_examples_are_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="0 examples are none"):
        explain_run(RunDirectory(tmp_path), 0)


@pytest.mark.slow
def test_a_run_is_explained_in_its_own_directory(tmp_path: Path) -> None:
    write_data(tmp_path)
    data = {"kind": "folder", "path": str(tmp_path / "images")}
    path = train(tmp_path, "squares", {"kind": "image_classification"}, data, small_backbone(tmp_path))
    run = kt.open_run(path)
    found = run.explain(3)
    assert len(found["examples"]) == 3
    assert json.loads((path / "evaluation" / "explanations.json").read_text()) == found
    assert all((path / "evaluation" / "explanations" / each["file"]).is_file() for each in found["examples"])
    page = (path / "report" / "index.html").read_text(encoding="utf-8")
    assert "What answers rest on" in page
    assert found["deletion"]["verdict"] == "too few examples"
    # The files are those of the run, and the same again are the same.
    assert kt.verify(path).holds
    assert run.explain(3) == found
    # Without examples to show, the figures stay and the pictures go.
    config = json.loads((path / "config.json").read_text())
    config["output"]["examples"] = False
    (path / "config.json").write_text(json.dumps(config))
    hidden = run.explain(3)
    assert hidden["examples"] == []
    assert hidden["deletion"] == found["deletion"]
    assert not list((path / "evaluation" / "explanations").glob("*"))
