"""Starts several workers of one run on this machine, relays what they say, and ends them together."""

from __future__ import annotations

import ctypes
import glob
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from types import FrameType
from typing import IO

from kerastune_ft.config.run import RunConfig
from kerastune_ft.durations import parse_duration
from kerastune_ft.errors import ConfigError, Interrupted
from kerastune_ft.streams import say_error
from kerastune_ft.training.interrupts import stop_signals
from kerastune_ft.training.run_directory import resume

_HOST = "127.0.0.1"
# A worker that loses its peers ends by itself within seconds and says so; after this it is ended.
_GRACE_SECONDS = 30.0
_POLL_SECONDS = 0.1


def check(config: RunConfig, until_phase: str | None, stop_after: str | None) -> None:
    """Raise ConfigError for what workers on one machine cannot be asked for."""
    runtime = config.runtime
    if runtime.strategy not in ("auto", "multi_worker"):
        raise ConfigError(f'runtime.strategy: launch trains with multi_worker, not "{runtime.strategy}"; remove it')
    if runtime.replicas is not None:
        raise ConfigError("runtime.replicas: it has no effect here, where --workers says how many; remove it")
    resume.check_until(config, until_phase)
    if stop_after is not None:
        parse_duration(stop_after)


def launch(workers: int, words: Sequence[str]) -> int:
    """Run the program with these words in `workers` processes that train together; return the exit code of the whole.

    It is 0 when all ended well, 75 when one was killed or all were asked to stop, else that of the first that failed.
    Signals that stop a run are passed on. The workers end with this process, however it ends.
    """
    ports = free_ports(workers)
    group = _Group([_start(number, ports, words) for number in range(workers)])
    before = {number: signal.signal(number, group.pass_on) for number in stop_signals()}
    try:
        return group.wait()
    finally:
        group.end()
        for number, handler in before.items():
            signal.signal(number, handler)


class _Group:
    """The processes of a run."""

    def __init__(self, processes: Sequence[subprocess.Popen[str]]) -> None:
        self._processes = processes
        self._is_explained = False
        self._relays = [
            threading.Thread(target=_relay, args=(process.stderr, number), daemon=True)
            for number, process in enumerate(processes)
            if process.stderr is not None
        ]
        for relay in self._relays:
            relay.start()

    def pass_on(self, number: int, frame: FrameType | None) -> None:
        """Give the workers a signal that this process got."""
        for process in self._processes:
            if process.poll() is None:
                process.send_signal(number)

    def wait(self) -> int:
        """Return the exit code of the whole once all have ended; one that fails ends the others."""
        limit = float("inf")
        while any(process.poll() is None for process in self._processes):
            time.sleep(_POLL_SECONDS)
            self._explain()
            if any(process.poll() for process in self._processes):
                limit = min(limit, time.monotonic() + _GRACE_SECONDS)
            if time.monotonic() > limit:
                self.end()
        self._explain()
        for relay in self._relays:
            relay.join()
        codes = [process.returncode for process in self._processes]
        if not any(codes):
            return 0
        # Where several failed together, the one that did not merely lose its peers has the reason.
        reasons = [code for code in codes if code > 0 and code != Interrupted.exit_code]
        return reasons[0] if reasons else Interrupted.exit_code

    def end(self) -> None:
        """End whatever still runs."""
        # What is ended here is a consequence, and no reason to name.
        self._is_explained = True
        for process in self._processes:
            if process.poll() is None:
                process.kill()
        for process in self._processes:
            process.wait()

    def _explain(self) -> None:
        """Name the worker that the others lost: once, the first that ended otherwise than asked or by losing a peer."""
        ended = [(number, process.poll()) for number, process in enumerate(self._processes)]
        reasons = [(number, code) for number, code in ended if code not in (None, 0, Interrupted.exit_code)]
        if self._is_explained or not reasons:
            return
        self._is_explained = True
        number, code = reasons[0]
        if code is not None and code < 0:
            say_error(f"worker {number} was ended by {signal.Signals(-code).name}; the same command goes on")
        else:
            say_error(f"worker {number} ended with exit code {code}; the others end with it")


def _start(number: int, ports: Sequence[int], words: Sequence[str]) -> subprocess.Popen[str]:
    cluster = {
        "cluster": {"worker": [f"{_HOST}:{port}" for port in ports]},
        "task": {"type": "worker", "index": number},
    }
    environment = {**os.environ, "TF_CONFIG": json.dumps(cluster), **_own_accelerators(number, len(ports))}
    is_chief = number == 0
    return subprocess.Popen(
        [sys.executable, "-m", "kerastune_ft", *words],
        env=environment,
        # The chief speaks for itself, on a terminal with bars; of the others what they say is relayed.
        stdout=None if is_chief else subprocess.DEVNULL,
        stderr=None if is_chief else subprocess.PIPE,
        encoding="utf-8",
        # What cannot be read must not end the thread that reads it: the worker would wait for it.
        errors="backslashreplace",
        # So that Ctrl-C reaches the workers once, through this process.
        start_new_session=True,
        preexec_fn=_die_with_parent if sys.platform == "linux" else None,
    )


def _die_with_parent() -> None:
    """Have Linux kill this process when its parent ends, however it ends: a lock would stay behind else."""
    set_death_signal = 1
    ctypes.CDLL(None).prctl(set_death_signal, signal.SIGKILL)


def _own_accelerators(number: int, workers: int) -> dict[str, str]:
    """Return the environment that gives a worker its share of this machine's GPUs, where there is one for each."""
    gpus = range(len(glob.glob("/dev/nvidia[0-9]*")))
    if len(gpus) < workers or "CUDA_VISIBLE_DEVICES" in os.environ:
        return {}
    return {"CUDA_VISIBLE_DEVICES": ",".join(map(str, gpus[number::workers]))}


def _relay(stream: IO[str], number: int) -> None:
    with stream:
        for line in stream:
            say_error(f"[worker {number}] {line.rstrip()}")


def free_ports(count: int) -> list[int]:
    """Return so many ports of this machine that nothing listens on."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for each in sockets:
            each.bind((_HOST, 0))
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()
