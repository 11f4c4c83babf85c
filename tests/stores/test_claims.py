from __future__ import annotations

import signal
from collections.abc import Callable
from pathlib import Path
from types import FrameType, SimpleNamespace

import numpy as np
import pytest

from kerastune_ft.errors import Interrupted
from kerastune_ft.stores import claims
from kerastune_ft.stores.claims import block_rows
from tests.support import store_filler

MB = 1024 * 1024


@pytest.fixture
def names() -> list[bytes]:
    return store_filler.ids(200)


def assert_holds(root: Path, names: list[bytes]) -> None:
    with store_filler.open_store(root) as store:
        order = np.random.default_rng(0).permutation(len(names))
        assert (store.rows(names)[order] == store_filler.rows(names)[order]).all()


@pytest.mark.parametrize(
    ("rows", "multiple", "row_bytes", "expected"),
    [
        (5, 32, 100, 32),
        (1000, 32, 25_000, 32),
        (2500, 32, 25_000, 128),
        (100_000, 32, 25_000, 2656),
        (100_000, 32, 800_000, 416),
        (10_000, 8, 300 * MB, 40),
        (64, 1, 1, 4),
    ],
)
def test_blocks_are_many_enough_and_small_enough(rows: int, multiple: int, row_bytes: int, expected: int) -> None:
    size = block_rows(rows, multiple, row_bytes)
    assert size == expected
    assert size % multiple == 0
    assert -(-rows // size) <= 256


def do_while_waiting(monkeypatch: pytest.MonkeyPatch, action: Callable[[], object]) -> None:
    """Do something once, as soon as a store waits for a block of another process."""
    actions = [action]

    def pause(seconds: float) -> None:
        if actions:
            actions.pop()()

    monkeypatch.setattr(claims, "time", SimpleNamespace(sleep=pause))


@pytest.mark.parametrize("ending", ["commit", "abandon"])
def test_a_block_of_another_is_waited_for(
    ending: str, tmp_path: Path, names: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    with store_filler.open_store(tmp_path) as one, store_filler.open_store(tmp_path) as other:
        block = next(one.claim(names, 4))
        content = store_filler.rows([names[position] for position in block.positions])

        def end() -> None:
            block.write(content)
            getattr(block, ending)()

        do_while_waiting(monkeypatch, end)
        computed = store_filler.fill(other, names)
        mine = set(block.positions.tolist())
        assert len(computed) == len(set(computed)) == (188 if ending == "commit" else 200)
        assert (mine & set(computed)) == (set() if ending == "commit" else mine)
        assert list((one.path / "claims").iterdir()) == []
    assert_holds(tmp_path, names)


def test_waiting_ends_with_a_signal_and_when_the_store_is_closed(
    tmp_path: Path, names: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(number: int, frame: FrameType | None) -> None:
        raise Interrupted("stopped")

    before = signal.signal(signal.SIGALRM, stop)
    try:
        with store_filler.open_store(tmp_path) as one, store_filler.open_store(tmp_path) as other:
            block = next(one.claim(names, 4))
            do_while_waiting(monkeypatch, lambda: signal.raise_signal(signal.SIGALRM))
            with pytest.raises(Interrupted):
                store_filler.fill(other, names)
            do_while_waiting(monkeypatch, other.close)
            assert store_filler.fill(other, names) == []
            block.abandon()
    finally:
        signal.signal(signal.SIGALRM, before)


def test_a_process_that_hangs_can_be_passed_over(tmp_path: Path, names: list[bytes]) -> None:
    with store_filler.open_store(tmp_path) as one, store_filler.open_store(tmp_path) as other:
        held = list(one.claim(names, 4, waits=False))
        assert list(other.claim(names, 4, waits=False)) == []
        for block in other.claim(names, 4, waits=False, alone=True):
            block.write(store_filler.rows([names[position] for position in block.positions]))
            block.commit()
        assert not other.missing(names).any()
        # It wakes up, and its rows come a second time.
        for block in held:
            block.write(store_filler.rows([names[position] for position in block.positions]))
            block.commit()
    assert_holds(tmp_path, names)
