from __future__ import annotations

from pathlib import Path

import pytest

from kerastune_ft.errors import ConfigError
from kerastune_ft.metrics.decisions.thresholds import Aim
from kerastune_ft.training.judging.questions import NOTHING, as_texts, read_questions


def test_what_is_asked(tmp_path: Path) -> None:
    (tmp_path / "costs.json").write_text('{"missed": 10, "false_alarm": 1}')
    found = read_questions(["specificity=0.9"], tmp_path / "costs.json", 0.9, ["sex"], 4, tmp_path / "new")
    assert found.aims == (Aim("specificity", 0.9),)
    assert found.costs == {"missed": 10, "false_alarm": 1}
    assert (found.coverage, found.by, found.views, found.save) == (0.9, ("sex",), 4, tmp_path / "new")
    assert read_questions(costs={"missed": 1}).costs == {"missed": 1}
    assert read_questions() == NOTHING
    assert (as_texts("sex"), as_texts(["a", "b"])) == (("sex",), ("a", "b"))


def test_what_cannot_be_asked(tmp_path: Path) -> None:
    (tmp_path / "broken.json").write_text("{")
    (tmp_path / "run").mkdir()
    for name in ("manifest.json", "config.json"):
        (tmp_path / "run" / name).write_text("{}")
    (tmp_path / "own" / "mistakes").mkdir(parents=True)
    for given, says in (
        ({"at": ["accuracy=1"]}, "--at: 'accuracy=1' is no aim"),
        ({"coverage": 90}, "--coverage: a coverage lies between 0 and 1"),
        ({"views": 0}, "--views: 0 is no number of views"),
        ({"costs": tmp_path / "none.json"}, "--costs: .* cannot be read"),
        ({"costs": tmp_path / "broken.json"}, "--costs: .* is no JSON"),
        ({"save": tmp_path / "broken.json"}, "--save: .* is a file"),
        ({"save": tmp_path / "run"}, "--save: .* is a run directory"),
        ({"save": tmp_path / "run" / "evaluation"}, "--save: .* lies in the run directory .*run, which"),
        ({"save": tmp_path / "own"}, "--save: .*mistakes is of no evaluation and would be overwritten"),
    ):
        with pytest.raises(ConfigError, match=says):
            read_questions(**given)
