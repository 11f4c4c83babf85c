"""Of two processes on one copy the later is refused, and no copy is written that knows more than its run."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from kerastune_ft.mirror.copier import Copier
from kerastune_ft.mirror.open_copy import TakenError, open_copy
from kerastune_ft.mirror.record import Link
from kerastune_ft.run_lock import describe_owner
from kerastune_ft.rundir import OWNER, RunDirectory
from tests.support.mirrored_runs import AT_ONCE, contents, copy_of, finish, mirror, train


def test_a_second_process_is_refused_while_the_first_beats(run: RunDirectory, root: Path) -> None:
    mirror(run, root)
    owner = {**describe_owner(), "host": "another-machine", "process": 77}
    (root / "x-1" / OWNER).write_text(json.dumps(owner))
    with pytest.raises(TakenError, match="in use by process 77 on another-machine"):
        Copier(run, str(root), lambda text: None, AT_ONCE)
    (root / "x-1" / OWNER).write_text(json.dumps({**owner, "beat": "2020-01-01T00:00:00+00:00"}))
    mirror(run, root)


def test_a_directory_that_was_gone_on_with_elsewhere_is_refused(run: RunDirectory, root: Path, tmp_path: Path) -> None:
    mirror(run, root, train)
    copy = copy_of(root)
    assert copy is not None
    other = RunDirectory(tmp_path / "elsewhere")
    copy.bring_back(other.path)
    copier = Copier(other, str(root), lambda text: None, AT_ONCE)
    finish(other)
    copier.close()
    with pytest.raises(TakenError, match=r"written from elsewhere since .*x-1 was.* move .* away"):
        Copier(run, str(root), lambda text: None, AT_ONCE)
    assert contents(root / "x-1") == contents(other.path)


def test_of_two_that_find_a_copy_free_at_once_one_goes_on(run: RunDirectory, root: Path, tmp_path: Path) -> None:
    mirror(run, root, train)
    here, elsewhere = RunDirectory(tmp_path / "here"), RunDirectory(tmp_path / "elsewhere")
    for target in (here, elsewhere):
        copy = copy_of(root)
        assert copy is not None
        copy.bring_back(target.path)
    first = open_copy(here, str(root))
    first.check()
    # The second looked before the first had written down that it was there.
    link = Link.read(elsewhere)
    assert link is not None
    link.sessions = list(first.record.sessions)
    link.write(elsewhere)
    (root / "x-1" / OWNER).unlink()
    second = open_copy(elsewhere, str(root))
    second.check()
    with pytest.raises(TakenError, match="the copy is its own now"):
        first.check()
    first.leave()
    second.check()
    assert (root / "x-1" / OWNER).exists()
    second.leave()
    assert not (root / "x-1" / OWNER).exists()


def test_another_run_of_the_same_name_gets_a_copy_of_its_own(run: RunDirectory, root: Path, tmp_path: Path) -> None:
    for folder in (run.path, tmp_path / "other" / "x-1"):
        one = RunDirectory(folder)
        folder.mkdir(parents=True, exist_ok=True)
        copier = Copier(one, str(root), lambda text: None, AT_ONCE)
        train(one)
        copier.close()
    assert sorted(path.name for path in root.iterdir()) == ["x-1", "x-1-copy-2"]
    link = Link.read(RunDirectory(tmp_path / "other" / "x-1"))
    assert link is not None and link.folder == "x-1-copy-2"
