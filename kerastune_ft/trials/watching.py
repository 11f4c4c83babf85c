"""What sees a trial train: a watcher that follows its curve, and a request to stop that pruning makes."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from kerastune_ft.training.interrupts import StopRequest
from kerastune_ft.training.watch import Watcher
from kerastune_ft.trials.pruning import Point, is_hopeless


class TrialStop(StopRequest):
    """The request to stop a trial: that of the whole search, or its own where it is pruned."""

    def __init__(self, search: StopRequest) -> None:
        """`search` is the request to stop the search."""
        super().__init__()
        self._search = search
        self.pruned_after: Point | None = None
        """The point of the curve after which the trial was pruned."""

    @property
    def reason(self) -> str | None:
        """Return why the trial should stop, or None."""
        if self._search.reason is not None:
            return self._search.reason
        return None if self.pruned_after is None else "pruned"

    @contextlib.contextmanager
    def defer(self) -> Iterator[None]:
        """Within this context requests wait, those to stop the search too."""
        with self._search.defer(), super().defer():
            yield


class CurveWatcher(Watcher):
    """Follows the metric of a trial by epoch, and asks for its end where the median rule says so.

    Notes and the progress of slow work go on to another watcher, each note once in a search.
    """

    def __init__(
        self,
        inner: Watcher,
        said: set[str],
        metric: str,
        epochs: Mapping[str, int],
        stop: TrialStop,
        judge: Callable[[Sequence[Point]], bool],
    ) -> None:
        """Watch a trial whose phases have at most so many `epochs`, by name.

        `said` are the notes that were passed on before; `judge` tells of a curve whether the trial is to end.
        """
        self._inner, self._said, self._metric, self._epochs = inner, said, metric, epochs
        self._stop, self._judge = stop, judge
        self.curve: list[Point] = []

    def take_up(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Take the epochs of a phase that was begun before, and judge each as it was then."""
        for row in rows:
            self._add(row)

    def note(self, text: str) -> None:
        """Pass a sentence on that was not said before."""
        if text not in self._said:
            self._said.add(text)
            self._inner.note(text)

    def work(self, what: str, done: int, total: int) -> None:
        """Pass the progress of slow work on."""
        self._inner.work(what, done, total)

    def epoch_done(self, row: Mapping[str, Any], is_best: bool) -> None:
        """Take the epoch's row, and judge."""
        self._add(row)

    def _add(self, row: Mapping[str, Any]) -> None:
        # A phase that diverged begins again, and its checkpoints know nothing of what it did before.
        phase, epoch = row["phase"], int(row["epoch"])
        self.curve = [each for each in self.curve if each.phase != phase or each.epoch < epoch]
        point = read_point(row, self._metric)
        if point is None:
            return
        self.curve.append(point)
        # After its last epoch a phase is done anyway.
        is_last = point.epoch >= self._epochs[point.phase]
        if self._stop.pruned_after is None and not is_last and self._judge(self.curve):
            self._stop.pruned_after = self.curve[-1]


def read_point(row: Mapping[str, Any], metric: str) -> Point | None:
    """Return the point of an epoch's row of history.csv; None where the metric is not defined there."""
    value = math.nan if row[metric] in (None, "") else float(row[metric])
    return Point(row["phase"], int(row["epoch"]), value) if math.isfinite(value) else None


def make_judge(others: Sequence[Sequence[Point]], maximise: bool, prunes: bool) -> Callable[[Sequence[Point]], bool]:
    """Return what tells of a curve whether its trial is to end; `others` are the curves of complete trials."""
    return lambda curve: prunes and is_hopeless(curve, others, maximise)
