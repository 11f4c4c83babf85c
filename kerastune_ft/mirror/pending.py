"""What is still to be copied: names in an order in which a run can go on from its copy at every moment."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field

from kerastune_ft.durable import Content, join_content
from kerastune_ft.mirror.record import is_manifest
from kerastune_ft.rundir import MANIFEST


@dataclass
class Batch:
    """A part of the changes: first come the writes, in their order, then the manifests, then the removals."""

    writes: list[str] = field(default_factory=list)
    manifests: dict[str, bytes] = field(default_factory=dict)
    """By name: of the runs within the run, such as folds, and last its own."""
    removals: list[str] = field(default_factory=list)

    def names(self) -> list[str]:
        """Return the names of all files in it."""
        return [*self.writes, *self.removals, *self.manifests]


class PendingFiles:
    """Collects the changes of a run directory until they are copied; the listener of a RunDirectory.

    A file that changes again before it is copied keeps its place, since a newer one does no harm there; only manifests,
    which name files, are kept as they were and come last.
    """

    def __init__(self) -> None:
        self._lock = threading.Condition()
        self._changed: OrderedDict[str, bool] = OrderedDict()
        self._logs: dict[str, None] = {}
        self._manifests: dict[str, bytes] = {}

    def note_write(self, name: str, content: Content) -> None:
        """Note that a file has this content now."""
        with self._lock:
            if is_manifest(name):
                self._manifests[name] = join_content(content)
            elif not self._changed.get(name, False):
                self._changed.pop(name, None)
                self._changed[name] = True
            self._lock.notify_all()

    def note_removal(self, name: str) -> None:
        """Note that a file is gone."""
        with self._lock:
            self._logs.pop(name, None)
            self._manifests.pop(name, None)
            self._changed.pop(name, None)
            self._changed[name] = False
            self._lock.notify_all()

    def note_append(self, name: str) -> None:
        """Note that a log has grown, which is copied with the next change of another file."""
        with self._lock:
            self._logs[name] = None

    def take(self) -> Batch:
        """Return all changes so far, which are then no longer pending."""
        with self._lock:
            writes = [name for name, is_there in self._changed.items() if is_there]
            removals = [name for name, is_there in self._changed.items() if not is_there]
            in_order = sorted(self._manifests.items(), key=lambda item: item[0] == MANIFEST)
            batch = Batch([*writes, *self._logs], dict(in_order), removals)
            self._changed, self._logs, self._manifests = OrderedDict(), {}, {}
            return batch

    def put_back(self, batch: Batch) -> None:
        """Make changes pending, such as could not be copied, before those that came since and are newer."""
        with self._lock:
            for name, is_there in (*((one, False) for one in batch.removals), *((one, True) for one in batch.writes)):
                self._changed.setdefault(name, is_there)
            # The order of the writes is that of the batch, then that of what came since.
            first = [name for name in (*batch.writes, *batch.removals) if name in self._changed]
            for name in reversed(first):
                self._changed.move_to_end(name, last=False)
            self._manifests = {**batch.manifests, **self._manifests}

    def wait(self, ready: Callable[[], bool], seconds: float | None = None) -> None:
        """Wait until `ready` holds, which is asked after every change and `wake`, or so many seconds are over."""
        with self._lock:
            self._lock.wait_for(ready, seconds)

    def wake(self) -> None:
        """Have those that wait ask again."""
        with self._lock:
            self._lock.notify_all()

    def __bool__(self) -> bool:
        """Whether something is to be copied besides logs."""
        with self._lock:
            return bool(self._changed or self._manifests)

    def names(self, with_logs: bool = True) -> list[str]:
        """Return the names of the files that are to be copied or removed."""
        with self._lock:
            return [*self._changed, *(self._logs if with_logs else ()), *self._manifests]
