"""Runs before their first epoch, and after a change of the working directory."""

from __future__ import annotations

from pathlib import Path

import pytest

import kerastune_ft as kt
from kerastune_ft.api.given.answers import raise_alone, require_file
from kerastune_ft.errors import ConfigError, DataError
from tests.support.run_files import write_run


def test_a_run_is_found_after_a_change_of_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "other").mkdir()
    monkeypatch.chdir(tmp_path)
    run = kt.Run(Path("runs/a"))
    assert str(run.path) == "runs/a"
    monkeypatch.chdir(tmp_path / "other")
    assert run.path == tmp_path / "runs" / "a"
    assert run == kt.Run(Path("../runs/a"))
    assert len({run, kt.Run(tmp_path / "runs" / "a"), kt.Run(Path("runs/a"))}) == 2


def test_a_run_that_was_stopped_says_so(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "manifest.json").write_text('{"state": "interrupted", "message": "stopped after epoch 0"}')
    run = kt.open_run(tmp_path)
    assert run.history.empty
    with pytest.raises(ConfigError, match=r"has no model yet \(stopped after epoch 0\)"):
        _ = run.model
    with pytest.raises(ConfigError, match=r"has no epoch yet \(stopped after epoch 0\)"):
        run.plot()


def test_the_curves_mark_the_peaks_of_the_rates_and_the_bands_of_phases(tmp_path: Path) -> None:
    run = kt.open_run(write_run(tmp_path / "r", phases=2))
    *_, rate = run.plot().axes
    assert [line.get_linestyle() for line in rate.lines].count(":") == 2, "a dotted line at the peak of each phase"
    (run.path / "plan.json").unlink()
    assert ":" not in [line.get_linestyle() for line in run.plot().axes[-1].lines]


def test_one_path_that_is_not_there_is_no_row(tmp_path: Path) -> None:
    rows = [{"input": "no.jpg", "error": "is not there"}]
    with pytest.raises(DataError, match=r"^no.jpg is not there$"):
        raise_alone("no.jpg", rows)
    with pytest.raises(DataError, match=r"is not there \(looked for from"):
        require_file(tmp_path / "no.txt")
    for inputs in (["no.jpg"], str(tmp_path)):
        raise_alone(inputs, rows)
    raise_alone("a text", [{"input": "a text", "error": None}])
    require_file(tmp_path)
