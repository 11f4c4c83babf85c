"""The journal of a study: whole steps in its file, what waits seen by those who read it, torn ends cut off."""

from __future__ import annotations

from pathlib import Path

import pytest

from kerastune_ft.trials.journal import Journal
from kerastune_ft.trials.study import require_optuna


def test_changes_of_a_step_are_written_at_its_end_and_seen_before(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    journal = Journal(require_optuna(), path)
    journal.append_logs([{"n": 0}])
    with journal.step():
        journal.append_logs([{"n": 1}])
        journal.append_logs([{"n": 2}])
        assert list(journal.read_logs(0)) == [{"n": 0}, {"n": 1}, {"n": 2}]
        assert list(journal.read_logs(2)) == [{"n": 2}]
        assert len(path.read_text().splitlines()) == 1
    assert path.read_text() == '{"n":0}\n{"n":1}\n{"n":2}\n'
    with pytest.raises(ValueError, match="lost"), journal.step():
        journal.append_logs([{"n": 3}])
        raise ValueError("lost")
    assert list(journal.read_logs(1)) == [{"n": 1}, {"n": 2}], "what a step that failed would have changed is gone"
    journal.append_logs([{"n": 4}])
    assert list(Journal(require_optuna(), path).read_logs(2)) == [{"n": 2}, {"n": 4}]


def test_a_torn_line_is_cut_off(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    path.write_text('{"n":0}\n{"n":')
    journal = Journal(require_optuna(), path)
    journal.append_logs([{"n": 1}])
    assert path.read_text() == '{"n":0}\n{"n":1}\n'
