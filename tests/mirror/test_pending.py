from __future__ import annotations

from kerastune_ft.durable import Buffers
from kerastune_ft.mirror.pending import Batch, PendingFiles
from kerastune_ft.rundir import MANIFEST


def test_changes_keep_their_order_and_the_manifest_is_the_last_one() -> None:
    pending = PendingFiles()
    assert not pending
    for name, content in (("a", b"1"), (MANIFEST, b"old"), ("b", b""), ("a", b"2"), (MANIFEST, b"new")):
        pending.note_write(name, Buffers([content]))
    pending.note_append("log.txt")
    pending.note_removal("c")
    assert pending.names() == ["a", "b", "c", "log.txt", MANIFEST]
    assert pending.take() == Batch(["a", "b", "log.txt"], {MANIFEST: b"new"}, ["c"])
    assert not pending and pending.take() == Batch()


def test_a_log_alone_waits_for_another_file() -> None:
    pending = PendingFiles()
    pending.note_append("log.txt")
    assert not pending and pending.names(with_logs=False) == []
    assert pending.take().writes == ["log.txt"]


def test_the_last_change_of_a_name_counts() -> None:
    pending = PendingFiles()
    pending.note_write("a", Buffers([b""]))
    pending.note_removal("a")
    assert pending.take() == Batch([], {}, ["a"])
    pending.note_removal("a")
    pending.note_write("b", Buffers([b""]))
    pending.note_write("a", Buffers([b""]))
    assert pending.take() == Batch(["b", "a"], {}, [])


def test_what_could_not_be_copied_comes_before_what_came_since() -> None:
    pending = PendingFiles()
    pending.note_write("new", Buffers([b""]))
    pending.note_removal("a")
    pending.note_write("r", Buffers([b""]))
    pending.put_back(Batch(["a", "b"], {MANIFEST: b"m"}, ["r", "s"]))
    assert pending.take() == Batch(["b", "r", "new"], {MANIFEST: b"m"}, ["a", "s"])
    pending.note_write(MANIFEST, Buffers([b"newer"]))
    pending.put_back(Batch([], {MANIFEST: b"m"}, []))
    assert pending.take().manifests == {MANIFEST: b"newer"}


def test_manifests_of_runs_within_keep_their_content_and_come_before_that_of_the_run() -> None:
    pending, inner = PendingFiles(), f"folds/one/{MANIFEST}"
    for name, content in ((MANIFEST, b"run"), (inner, b"old"), ("folds/one/a", b""), (inner, b"new")):
        pending.note_write(name, Buffers([content]))
    taken = pending.take()
    assert taken.writes == ["folds/one/a"]
    assert list(taken.manifests.items()) == [(inner, b"new"), (MANIFEST, b"run")]
    pending.note_write(inner, Buffers([b"newest"]))
    pending.put_back(taken)
    assert pending.take().manifests == {inner: b"newest", MANIFEST: b"run"}


def test_waiting_ends_when_something_changes() -> None:
    pending = PendingFiles()
    pending.note_write("a", Buffers([b""]))
    pending.wait(lambda: bool(pending))
    assert pending.names() == ["a"]
