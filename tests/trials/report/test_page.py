"""The report of a search: self-contained, with every trial, and nothing where there is none."""

from __future__ import annotations

import json
import re
from pathlib import Path

from kerastune_ft.rundir import RunDirectory
from kerastune_ft.trials.records import TrialRecord
from kerastune_ft.trials.report import page
from kerastune_ft.trials.settings import SearchSettings, write_best
from kerastune_ft.trials.space import read_space
from kerastune_ft.trials.study import COMPLETE, FAILED
from tests.support.tiny_search import BASE

SETTINGS = SearchSettings("validation_loss", False, "tpe", 0, True)
PINNED = {"chunk": 16, "layers": ["head_dropout"]}


def test_the_page_has_all_trials_and_loads_nothing(tmp_path: Path) -> None:
    config = read_space(BASE, [], {"head.dropout": {"low": 0, "high": 0.5}}).base
    search = RunDirectory(tmp_path)
    trials = [
        TrialRecord(0, {"head.dropout": 0.2}, COMPLETE, 0.5, {"validation_loss": 0.5}, pinned=PINNED),
        TrialRecord(1, {"head.dropout": 0.4}, COMPLETE, 0.25, {"validation_loss": 0.25}, pinned=PINNED),
        TrialRecord(2, {"head.dropout": 0.3}, FAILED, reason="<b>NaN</b>", error="DivergedError"),
    ]
    write_best(search, config, trials[1], SETTINGS, 3)
    page.write(search, trials, SETTINGS, {"head.dropout": 0.2}, {"head.dropout": 1.0}, config)
    text = (tmp_path / page.PAGE).read_text()
    assert (
        "Trial 1 has a validation loss of <b>0.2500</b>; with the configuration as it is written it was 0.5000" in text
    )
    assert "&lt;b&gt;NaN" in text
    page.write(search, trials, SETTINGS, {"head.dropout": 0.4}, {}, config)
    assert "<b>0.2500</b>, which is the configuration as it is written." in (tmp_path / page.PAGE).read_text()
    assert text.count("<svg") == 4
    assert not re.search(r'(src|href)="(?!#)', text)
    assert json.loads((tmp_path / "best.json").read_text())["runtime"]["pinned"] == PINNED


def test_of_no_trial_there_is_no_page_and_of_failures_one_without_pictures(tmp_path: Path) -> None:
    config = read_space(BASE, [], {"head.dropout": {"low": 0, "high": 0.5}}).base
    page.write(RunDirectory(tmp_path), [], SETTINGS, None, {}, config)
    assert not list(tmp_path.iterdir())
    page.write(RunDirectory(tmp_path), [TrialRecord(0, {"x": 1}, FAILED, reason="NaN")], SETTINGS, None, {}, config)
    text = (tmp_path / page.PAGE).read_text()
    assert "No trial ended well" in text
    assert "<svg" not in text
