"""Several processes on one store: they share the work, and none is harmed by the death of another."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from kerastune_ft.stores.budget import clear, list_stores
from kerastune_ft.stores.claims import _digest
from kerastune_ft.stores.rows import id_array
from tests.support import store_filler
from tests.support.places import import_environment
from tests.support.processes import wait_until

ROWS = 400


@pytest.fixture
def started(tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Start a process that fills a store, at once or when it is told to."""
    processes: list[subprocess.Popen[str]] = []

    def start(go: bool = True) -> subprocess.Popen[str]:
        words = [sys.executable, "-m", "tests.support.store_filler", str(tmp_path), str(ROWS)]
        processes.append(
            subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=import_environment())
        )
        if go:
            tell(processes[-1])
        return processes[-1]

    yield start
    for process in processes:
        process.kill()
        process.wait()
        for stream in (process.stdin, process.stdout):
            assert stream is not None
            stream.close()


def tell(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.write("go\n")
    process.stdin.flush()


def begin_blocks(process: subprocess.Popen[str], count: int = 1) -> list[list[int]]:
    """Let a process commit blocks until it has begun so many; return their positions. It still holds the last."""
    assert process.stdout is not None
    blocks = []
    for number in range(count):
        if number:
            tell(process)
        blocks.append([int(word) for word in process.stdout.readline().split()])
    return blocks


def release(process: subprocess.Popen[str]) -> None:
    """Let a process go on to its end."""
    assert process.stdin is not None
    process.stdin.close()


def finish(process: subprocess.Popen[str], code: int = 0) -> list[int]:
    """Let a process go on to its end; return the positions of the blocks it has begun since they were asked for."""
    assert process.stdout is not None
    release(process)
    printed = process.stdout.read()
    assert process.wait() == code
    return [int(word) for word in printed.split()]


def assert_whole(root: Path) -> None:
    names, told = store_filler.ids(ROWS), []
    with store_filler.open_store(root, told) as store:
        assert (store.rows(names)[np.arange(ROWS)] == store_filler.rows(names)).all()
        assert list((store.path / "claims").iterdir()) == []
        assert {path.suffix for path in (store.path / "shards").iterdir()} == {".rows", ".index"}
    assert told == []


Start = Callable[..., subprocess.Popen[str]]


def test_two_processes_share_the_work(tmp_path: Path, started: Start) -> None:
    processes = [started(go=False) for _ in range(2)]
    for process in processes:
        tell(process)
    shares = [begin_blocks(process)[0] for process in processes]
    for process in processes:
        release(process)
    shares = [share + finish(process) for share, process in zip(shares, processes, strict=True)]
    assert sorted(shares[0] + shares[1]) == list(range(ROWS))
    assert all(shares)
    assert_whole(tmp_path)


def test_one_that_joins_late_computes_only_what_nobody_has(tmp_path: Path, started: Start) -> None:
    first = started()
    begun = [position for block in begin_blocks(first, 4) for position in block]
    with store_filler.open_store(tmp_path) as store:
        assert not store.missing(store_filler.ids(ROWS))[begun[:-24]].any()
        release(first)
        mine = store_filler.fill(store, store_filler.ids(ROWS))
    assert sorted(begun + finish(first) + mine) == list(range(ROWS))
    assert_whole(tmp_path)


def test_a_killed_process_loses_one_block(tmp_path: Path, started: Start) -> None:
    victim = started()
    done = [position for block in begin_blocks(victim, 3) for position in block]
    other = started()
    (theirs,) = begin_blocks(other)
    release(other)
    victim.kill()
    done += finish(victim, -9)
    theirs += finish(other)
    assert len(set(theirs)) == len(theirs)
    assert set(theirs) | set(done) == set(range(ROWS))
    assert len(set(theirs) & set(done)) <= 24, "more than what it was at when it died"
    # What it had begun to write was removed by the other, or is by whoever opens the store next.
    assert_whole(tmp_path)


def test_a_process_alone_that_is_killed_is_gone_on_from(tmp_path: Path, started: Start) -> None:
    victim = started()
    blocks = begin_blocks(victim, 4)
    victim.kill()
    assert finish(victim, -9) == []
    left = list(tmp_path.glob("*/claims/*"))
    assert len(list(tmp_path.glob("*/shards/*.rows"))) == 4
    assert {path.suffix for path in left} == {".agenda", ".block"}
    for path in left:
        # A machine that lost power may have written anything here.
        path.write_bytes(b"nonsense")
    told: list[str] = []
    with store_filler.open_store(tmp_path, told) as store:
        assert len(list(tmp_path.glob("*/shards/*.rows"))) == 3
        done = {position for block in blocks[:3] for position in block}
        assert sorted(store_filler.fill(store, store_filler.ids(ROWS))) == sorted(set(range(ROWS)) - done)
    assert told == []


def test_an_agenda_cut_short_is_written_anew(tmp_path: Path) -> None:
    with store_filler.open_store(tmp_path) as store:
        for content in (b"", b"nonsense"):
            block = next(store.claim(store_filler.ids(ROWS), 4))
            block.abandon()
            agenda = store.path / "claims" / f"{_digest(id_array(store_filler.ids(ROWS)))}.agenda"
            agenda.write_bytes(content)
        assert sorted(store_filler.fill(store, store_filler.ids(ROWS))) == list(range(ROWS))


def test_a_store_another_process_uses_is_not_cleared(tmp_path: Path, started: Start) -> None:
    process = started()
    begin_blocks(process)
    (info,) = list_stores(tmp_path)
    assert info.in_use
    assert clear(tmp_path, [info.key]) == []
    finish(process)
    assert_whole(tmp_path)
    (info,) = list_stores(tmp_path)
    assert (info.in_use, info.rows) == (False, ROWS)
    assert clear(tmp_path, [info.key]) == [info.key]
    assert list_stores(tmp_path) == []


def test_opening_and_clearing_at_once_harms_neither(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from tests.support import store_filler\n"
        "while not Path(sys.argv[2]).exists():\n"
        "    with store_filler.open_store(Path(sys.argv[1])) as store:\n"
        "        names = store_filler.ids(8); store_filler.fill(store, names)\n"
        "        assert (store.rows(names)[store_filler.np.arange(8)] == store_filler.rows(names)).all()\n"
    )
    root, enough = tmp_path / "stores", tmp_path / "enough"
    root.mkdir()
    words = [sys.executable, "-c", code, str(root), str(enough)]
    processes = [subprocess.Popen(words, env=import_environment()) for _ in range(2)]
    cleared = 0

    def is_enough() -> bool:
        nonlocal cleared
        cleared += len(clear(root, [info.key for info in list_stores(root)]))
        return cleared >= 5 or any(process.poll() is not None for process in processes)

    wait_until(is_enough, pause=0)
    enough.touch()
    assert [process.wait() for process in processes] == [0, 0]
    assert cleared >= 5
    assert not list(root.glob(".removed-*"))


@pytest.mark.parametrize("module", ["store", "budget", "nearest"])
def test_stores_cost_no_heavy_import(module: str) -> None:
    code = (
        f"import sys, kerastune_ft.stores.{module}\n"
        "print([name for name in ('tensorflow', 'keras', 'pandas', 'sklearn', 'rich') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
