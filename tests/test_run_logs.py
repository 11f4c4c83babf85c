from __future__ import annotations

from pathlib import Path

import pytest

from kerastune_ft import run_logs
from kerastune_ft.run_logs import RunLogs


def test_a_log_on_a_disk_grows_at_once_and_one_in_a_bucket_when_it_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    logs = RunLogs(tmp_path)
    assert logs.append("a/log.txt", b"one\n")
    assert list(logs.write_waiting()) == []
    monkeypatch.setattr(run_logs, "is_remote", lambda path: True)
    assert not logs.append("a/log.txt", b"two\n")
    assert (tmp_path / "a" / "log.txt").read_bytes() == b"one\n"
    assert list(logs.write_waiting()) == ["a/log.txt"]
    assert (tmp_path / "a" / "log.txt").read_bytes() == b"one\ntwo\n"
    logs.append("a/log.txt", b"three\n")
    assert (logs.take_waiting("a/log.txt"), list(logs.write_waiting())) == (b"three\n", [])
