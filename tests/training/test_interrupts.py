from __future__ import annotations

import os
import signal
import sys
import threading
import time

import pytest

from kerastune_ft.errors import Interrupted
from kerastune_ft.training.interrupts import INSISTENT, WARNINGS, StopRequest, explain_stop, listening, stop_signals

STOPPING = (*INSISTENT, *WARNINGS)


@pytest.mark.parametrize("number", STOPPING)
def test_the_first_signal_is_a_request_that_waits_while_it_must(number: signal.Signals) -> None:
    stop = StopRequest()
    assert stop.reason is None
    after = False
    with pytest.raises(Interrupted, match=f"{number.name}: stopped, nothing is lost"), listening(stop):
        with stop.defer():
            os.kill(os.getpid(), number)
            assert stop.reason == number.name
        after = True
    assert not after


@pytest.mark.parametrize("number", STOPPING)
def test_else_it_is_honoured_at_once(number: signal.Signals) -> None:
    passed = []
    with pytest.raises(Interrupted, match=number.name), listening(StopRequest()):
        os.kill(os.getpid(), number)
        passed.append(1)
    assert not passed


def test_a_second_signal_acts_at_once() -> None:
    stop = StopRequest()
    # Where tests run in the background, the interrupt may be ignored from the start.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt), listening(stop), stop.defer():
            os.kill(os.getpid(), signal.SIGINT)
            os.kill(os.getpid(), signal.SIGINT)
    finally:
        signal.signal(signal.SIGINT, before)
    assert stop.reason == "SIGINT"


def test_the_handlers_are_put_back() -> None:
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    with listening(StopRequest()):
        assert signal.getsignal(signal.SIGTERM) != before[1]
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before


def test_in_another_thread_nothing_is_changed() -> None:
    seen: list[object] = []

    def listen() -> None:
        with listening(StopRequest()):
            seen.append(signal.getsignal(signal.SIGTERM))

    before = signal.getsignal(signal.SIGTERM)
    thread = threading.Thread(target=listen)
    thread.start()
    thread.join()
    assert seen == [before]


def test_a_time_limit_is_a_request_too() -> None:
    assert StopRequest(3600).reason is None
    stop = StopRequest(0.01)
    time.sleep(0.02)
    assert stop.reason == "the time limit is reached"


def test_the_first_reason_stays() -> None:
    stop = StopRequest()
    with pytest.raises(Interrupted, match="SIGTERM"), stop.defer():
        stop.ask("SIGTERM")
        stop.ask("SIGINT")


def test_a_time_limit_ends_what_takes_long() -> None:
    stop = StopRequest(0.05)
    with pytest.raises(Interrupted, match="the time limit is reached"), listening(stop):
        time.sleep(60)
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


def test_a_time_limit_waits_while_it_must() -> None:
    stop = StopRequest(0.05)
    with pytest.raises(Interrupted), listening(stop), stop.defer():
        time.sleep(0.2)
        assert stop.reason == "the time limit is reached"


def test_what_passes_over_exceptions_does_not_pass_over_a_stop() -> None:
    with pytest.raises(Interrupted, match=r"^the time limit is reached: stopped"), listening(StopRequest(0.05)):
        try:
            time.sleep(60)
        except Exception as error:
            raise ValueError(f"Exception encountered when calling a layer: {error}") from error


def test_a_request_that_is_lost_in_a_finalizer_is_made_again(capfd: pytest.CaptureFixture[str]) -> None:
    class Last:
        def __del__(self) -> None:
            signal.raise_signal(signal.SIGTERM)

    before, has_ended = sys.unraisablehook, False
    with pytest.raises(Interrupted, match="SIGTERM: stopped, nothing is lost"), listening(StopRequest()):
        Last()
        time.sleep(60)
        has_ended = True
    assert not has_ended
    assert capfd.readouterr().err == ""
    assert sys.unraisablehook is before


@pytest.mark.parametrize("number", WARNINGS)
def test_a_warning_that_comes_again_ends_nothing(number: signal.Signals) -> None:
    stop = StopRequest()
    written = []
    with pytest.raises(Interrupted, match=number.name), listening(stop):
        try:
            with explain_stop():
                os.kill(os.getpid(), number)
        except Interrupted:
            # While it is written down how the run ended.
            os.kill(os.getpid(), number)
            written.append(1)
            raise
    assert written


def test_an_ignored_warning_stays_ignored() -> None:
    """As `nohup` has it."""
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        assert signal.SIGHUP not in stop_signals()
        with listening(StopRequest()) as stop:
            os.kill(os.getpid(), signal.SIGHUP)
        assert stop.reason is None
    finally:
        signal.signal(signal.SIGHUP, before)


def test_a_handler_from_elsewhere_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that C code has set is None to Python, which cannot set it again."""
    real = signal.getsignal
    monkeypatch.setattr(signal, "getsignal", lambda number: None if number == signal.SIGUSR2 else real(number))
    with pytest.raises(Interrupted, match="SIGUSR2"), listening(StopRequest()):
        os.kill(os.getpid(), signal.SIGUSR2)
    signal.signal(signal.SIGUSR2, signal.SIG_DFL)


def test_a_stop_says_what_the_same_command_does_afterwards() -> None:
    for stop, words in ((StopRequest(), "the same command goes on"), (StopRequest(ending="and begins anew"), "anew")):
        with pytest.raises(Interrupted, match=f"SIGTERM: stopped, .*{words}"), stop.defer():
            stop.ask("SIGTERM")
