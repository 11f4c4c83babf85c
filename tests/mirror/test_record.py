from __future__ import annotations

from pathlib import Path

import pytest

from kerastune_ft.mirror.record import Link, Record
from kerastune_ft.rundir import RunDirectory


def test_the_newest_whole_record_counts(tmp_path: Path) -> None:
    place = RunDirectory(tmp_path)
    assert Record.read(place) is None
    record = Record("run", "x-1", ["a"], {"f": ["", "1"]}, "{}")
    for text in ("one", "two"):
        record.manifest = text
        record.write(place)
    assert Record.read(place) == Record("run", "x-1", ["a"], {"f": ["", "1"]}, "two", 2)
    newest = next(path for path in tmp_path.iterdir() if '"number": 2' in path.read_text())
    for damage in ("", "{", "[]", "null", '{"run": 1}'):
        newest.write_text(damage)
        found = Record.read(place)
        assert found is not None and (found.manifest, found.number) == ("one", 1)


def test_a_write_that_fails_leaves_the_whole_one_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place, record, names = RunDirectory(tmp_path), Record("run", "x-1"), []
    record.write(place)

    def fail(name: str, content: str) -> None:
        names.append(name)
        raise OSError

    monkeypatch.setattr(place, "commit", fail)
    for _ in range(2):
        with pytest.raises(OSError):
            record.write(place)
    assert len(set(names)) == 1 and not (tmp_path / names[0]).exists()


def test_a_link_knows_every_session(tmp_path: Path) -> None:
    place = RunDirectory(tmp_path)
    assert Link.read(place) is None
    link = Link()
    for count in (1, 2):
        link.begin_session(place, "x-1")
        found = Link.read(place)
        assert found == link and len(set(found.sessions)) == count
