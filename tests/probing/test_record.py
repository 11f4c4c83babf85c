"""Measurements are made once, unless what they depend on changes."""

from __future__ import annotations

from pathlib import Path

import pytest

from kerastune_ft.probing.record import Record


def test_a_measurement_is_made_once(tmp_path: Path) -> None:
    record = Record(tmp_path, {"data": "a"})
    assert record.recall("probes", lambda: [{"loss": 0.1}]) == [{"loss": 0.1}]
    again = Record(tmp_path, {"data": "a"})
    assert again.recall("probes", lambda: pytest.fail("measured twice")) == [{"loss": 0.1}]


def test_numbers_come_back_to_the_last_digit(tmp_path: Path) -> None:
    value = 0.1 + 0.2
    Record(tmp_path, {}).recall("trial", lambda: value)
    assert Record(tmp_path, {}).recall("trial", lambda: 0.0) == value


def test_of_other_data_nothing_is_known(tmp_path: Path) -> None:
    Record(tmp_path, {"data": "a"}).recall("probes", lambda: 1)
    assert Record(tmp_path, {"data": "b"}).recall("probes", lambda: 2) == 2


def test_what_fails_is_not_kept(tmp_path: Path) -> None:
    record = Record(tmp_path, {})
    with pytest.raises(ZeroDivisionError):
        record.recall("trial", lambda: 1 // 0)
    assert record.recall("trial", lambda: 3) == 3
