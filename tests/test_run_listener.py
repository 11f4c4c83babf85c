from __future__ import annotations

from pathlib import Path
from typing import Any

from kerastune_ft.durable import Content, join_content
from kerastune_ft.rundir import RunDirectory


class Heard:
    def __init__(self) -> None:
        self.names: list[Any] = []

    def __bool__(self) -> bool:
        """As one that has nothing left to do."""
        return False

    def note_write(self, name: str, content: Content) -> None:
        self.names.append((name, join_content(content)))

    def note_append(self, name: str) -> None:
        self.names.append(name)

    def note_removal(self, name: str) -> None:
        self.names.append(f"no {name}")


def test_what_changes_within_a_run_is_heard_by_its_listener_of_that_moment(tmp_path: Path) -> None:
    run = RunDirectory(tmp_path)
    inner = run.beneath("folds/one")
    inner.commit("a", b"nobody hears")
    run.listener = heard = Heard()
    inner.commit("a", b"1")
    inner.append("log.txt", "a line")
    inner.remove("a")
    inner.commit(".hidden", b"")
    assert heard.names == [("folds/one/a", b"1"), "folds/one/log.txt", "no folds/one/a"]
    run.listener = None
    inner.commit("a", b"2")
    assert len(heard.names) == 3 and run.read_bytes("folds/one/a") == b"2"
