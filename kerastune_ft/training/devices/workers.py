"""Several processes that train one run together: the chief owns the run directory, the others read along."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from kerastune_ft import errors
from kerastune_ft.durable import Content
from kerastune_ft.rundir import RunDirectory
from kerastune_ft.training.devices.devices import Devices
from kerastune_ft.training.run_directory.resume import RunStart
from kerastune_ft.wording import encode_text

_FOUND, _MISSING = b"+", b"-"


class SharedRun(RunDirectory):
    """The run directory as all workers see it: the chief reads for all of them, and alone writes.

    So only the chief needs to reach the directory, and what one worker knows of it all know. Every worker must make the
    same calls in the same order, which they do, since all they do follows from the configuration and what they read.
    """

    def __init__(self, own: RunDirectory, devices: Devices) -> None:
        """`own` is the chief's directory; for the others only its name counts."""
        super().__init__(own.path)
        self._own, self._devices = own, devices

    @property
    def writer(self) -> RunDirectory | None:
        """Return the chief's directory, None on other workers."""
        return self._own if self._devices.is_chief else None

    def _ask(self, read: Callable[[RunDirectory], bytes]) -> bytes:
        """Return what the chief reads, or raise its FileNotFoundError."""
        answer = b""
        if self.writer is not None:
            try:
                answer = _FOUND + read(self.writer)
            except FileNotFoundError as error:
                answer = _MISSING + encode_text(str(error))
        answer = self._devices.agree(answer)
        if answer[:1] == _MISSING:
            raise FileNotFoundError(answer[1:].decode())
        return answer[1:]

    def exists(self, name: str) -> bool:
        """Return whether a file is there."""
        return self._ask(lambda run: b"yes" if run.exists(name) else b"") == b"yes"

    def read_bytes(self, name: str) -> bytes:
        """Return the content of a file."""
        return self._ask(lambda run: run.read_bytes(name))

    def list_files(self, name: str) -> list[str]:
        """Return the names of the files in a sub-directory, sorted."""
        return list(json.loads(self._ask(lambda run: json.dumps(run.list_files(name)).encode())))

    def commit(self, name: str, content: bytes | str | Content) -> None:
        """Write a file, on the chief."""
        if self.writer is not None:
            self.writer.commit(name, content)

    def remove(self, name: str) -> None:
        """Delete a file, on the chief."""
        if self.writer is not None:
            self.writer.remove(name)

    def append(self, name: str, line: str) -> None:
        """Add a line to a log file, on the chief."""
        if self.writer is not None:
            self.writer.append(name, line)

    def take_in(self, names: Iterable[str]) -> None:
        """Have the manifest name files that another process wrote, on the chief."""
        if self.writer is not None:
            self.writer.take_in(names)

    def update_manifest(self, **fields: Any) -> None:
        """Write manifest.json, on the chief."""
        if self.writer is not None:
            self.writer.update_manifest(**fields)


def agree_on_start(devices: Devices, begin: Callable[[], RunStart]) -> RunStart:
    """Return on every worker where the run begins, as the chief found it, or raise on all of them what it raised."""
    with explain_lost_peers(devices):
        return _agree_on_start(devices, begin)


def _agree_on_start(devices: Devices, begin: Callable[[], RunStart]) -> RunStart:
    own: list[RunStart] = []

    def start() -> Any:
        own.append(begin())
        return own[0].to_json()

    message = ask_chief(devices, start)
    beginning = own[0] if own else RunStart.from_json(message)
    return beginning.with_directory(SharedRun(beginning.target, devices))


def ask_chief(devices: Devices, find: Callable[[], Any]) -> Any:
    """Return on every worker the JSON value that the chief finds, or raise on all of them what it raised.

    The others wait meanwhile. With one worker it is what `find` returns.
    """
    message: dict[str, Any] = {}
    if devices.is_chief:
        try:
            message = {"found": find()}
        except errors.KerasTuneError as error:
            devices.agree(json.dumps({"error": type(error).__name__, "message": str(error)}).encode())
            raise
    message = json.loads(devices.agree(json.dumps(message).encode()))
    if "error" in message:
        raise getattr(errors, message["error"])(f"the chief says: {message['message']}")
    return message["found"]


def check_alike(devices: Devices, what: str, value: str) -> None:
    """Raise DataError on a worker that sees something else than the chief; `value` is a hash of it."""
    known = devices.agree(value.encode()).decode()
    if known != value:
        raise errors.DataError(
            f"worker {devices.worker} has other {what} than the chief (SHA-256 {value[:12]} instead of {known[:12]}); "
            "every worker must read the same"
        )


@contextlib.contextmanager
def explain_lost_peers(devices: Devices) -> Iterator[None]:
    """Turn the failure of a collective, when another worker is gone, into Interrupted."""
    try:
        yield
    except Exception as error:
        if devices.workers > 1 and type(error).__name__ in _GONE:
            raise errors.Interrupted(
                f"worker {devices.worker} lost the others: one of them ended or was killed, and says why itself; the "
                "same command on all workers goes on"
            ) from error
        raise


_GONE = {"UnavailableError", "AbortedError", "CancelledError", "DeadlineExceededError", "InternalError"}
