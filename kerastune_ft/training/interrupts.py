"""Stopping from outside: signals and time limits end a run at once, or after the step under way while one trains."""

from __future__ import annotations

import contextlib
import signal
import sys
import threading
import time
from collections.abc import Iterator
from types import FrameType
from typing import Any

from kerastune_ft.errors import Interrupted

# A second one of these ends the process at once: somebody insists.
INSISTENT = (signal.SIGINT, signal.SIGTERM)
# A terminal that is gone, and the warnings of batch systems before they end a job; they may come more than once.
WARNINGS = (signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2, signal.SIGXCPU)
_TIME_LIMIT = "the time limit is reached"
_GOES_ON = "nothing is lost; the same command goes on"
# Seconds to the next time a request is made that has been lost.
_SOON = 1e-3


class _Stopped(BaseException):
    """A signal that stops the run at once; no Exception, or Keras would wrap it, and others pass over it."""


class StopRequest:
    """A request to stop. Where nothing but time would be lost it is honoured at once; within `defer` it waits."""

    def __init__(self, seconds: float | None = None, ending: str = _GOES_ON) -> None:
        """`seconds` from now the request is made by itself; `ending` says what the same command does afterwards."""
        self._ending = ending
        self.deadline = None if seconds is None else time.monotonic() + seconds
        self._reason: str | None = None
        self._deferred = self._raised = False

    def ask(self, reason: str) -> None:
        """Make the request; raises what `explain_stop` turns into Interrupted, once, unless requests are deferred."""
        self._reason = self._reason or reason
        try:
            if not self._raised:
                self.honour()
        except Interrupted as error:
            raise _Stopped(str(error)) from None

    def rearm(self) -> None:
        """Let the request raise once more; its exception was lost."""
        self._raised = False

    @property
    def reason(self) -> str | None:
        """Return why the run should stop, or None."""
        if self._reason is None and self.deadline is not None and time.monotonic() >= self.deadline:
            self._reason = _TIME_LIMIT
        return self._reason

    @property
    def is_time_up(self) -> bool:
        """Return whether the request was made by the time limit."""
        return self.reason == _TIME_LIMIT

    def honour(self) -> None:
        """Raise Interrupted if there is a request, unless requests are deferred."""
        if not self._deferred and self.reason is not None:
            self._raised = True
            raise Interrupted(f"{self.reason}: stopped, {self._ending}")

    @contextlib.contextmanager
    def defer(self) -> Iterator[None]:
        """Within this context requests wait: the steps look for them, and write a checkpoint before they honour one."""
        self._deferred = True
        try:
            yield
        finally:
            self._deferred = False
        self.honour()


def stop_signals() -> tuple[signal.Signals, ...]:
    """Return the signals that stop a run: SIGINT, SIGTERM, and those warnings that are not ignored, as nohup asks."""
    return (*INSISTENT, *(number for number in WARNINGS if signal.getsignal(number) is not signal.SIG_IGN))


@contextlib.contextmanager
def explain_stop() -> Iterator[None]:
    """Raise Interrupted where a request to stop is honoured at once."""
    try:
        yield
    except _Stopped as stopped:
        raise Interrupted(str(stopped)) from None


@contextlib.contextmanager
def listening(stop: StopRequest) -> Iterator[StopRequest]:
    """Within this context the first of `stop_signals` makes the request; a second SIGINT or SIGTERM acts as before.

    Raises Interrupted where the request is honoured at once.

    Outside the main thread, where Python does not deliver signals, nothing is changed.
    """
    if threading.current_thread() is not threading.main_thread():
        with explain_stop():
            yield stop
        return
    before = {number: signal.getsignal(number) for number in (*stop_signals(), signal.SIGALRM)}

    def receive(number: int, frame: FrameType | None) -> None:
        for each in INSISTENT:
            _restore(each, before[each])
        stop.ask(signal.Signals(number).name)

    for number in stop_signals():
        signal.signal(number, receive)
    signal.signal(signal.SIGALRM, lambda number, frame: stop.ask(stop.reason or _TIME_LIMIT))
    if stop.deadline is not None:
        signal.setitimer(signal.ITIMER_REAL, max(_SOON, stop.deadline - time.monotonic()))
    try:
        with _asking_again(stop), explain_stop():
            yield stop
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        for number, handler in before.items():
            _restore(number, handler)


@contextlib.contextmanager
def _asking_again(stop: StopRequest) -> Iterator[None]:
    """Make a request again that came while an object was being deleted, where Python passes over all exceptions."""
    before = sys.unraisablehook

    def receive(lost: sys.UnraisableHookArgs) -> None:
        if isinstance(lost.exc_value, _Stopped):
            stop.rearm()
            signal.setitimer(signal.ITIMER_REAL, _SOON)
        else:
            before(lost)

    sys.unraisablehook = receive
    try:
        yield
    finally:
        sys.unraisablehook = before


def _restore(number: int, handler: Any) -> None:
    # A handler that was not set from Python is None, and cannot be set again.
    if handler is not None:
        signal.signal(number, handler)
