"""Stopping from outside: signals and time limits become a request that the loop honours after the step under way."""

from __future__ import annotations

import contextlib
import signal
import threading
import time
from collections.abc import Iterator
from types import FrameType

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class StopRequest:
    """Asked after every step whether to stop, and why."""

    def __init__(self, seconds: float | None = None) -> None:
        """`seconds` from now the request is made by itself."""
        self._deadline = None if seconds is None else time.monotonic() + seconds
        self._reason: str | None = None

    def ask(self, reason: str) -> None:
        """Make the request."""
        self._reason = self._reason or reason

    @property
    def reason(self) -> str | None:
        """Return why the run should stop, or None."""
        if self._reason is None and self._deadline is not None and time.monotonic() >= self._deadline:
            self._reason = "the time limit is reached"
        return self._reason


@contextlib.contextmanager
def listening(stop: StopRequest) -> Iterator[None]:
    """Within this context the first SIGINT or SIGTERM makes the request; a second one ends the process at once.

    Outside the main thread, where Python does not deliver signals, nothing is changed.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in _SIGNALS}

    def receive(number: int, frame: FrameType | None) -> None:
        stop.ask(signal.Signals(number).name)
        for each, handler in before.items():
            signal.signal(each, handler)

    for number in _SIGNALS:
        signal.signal(number, receive)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
