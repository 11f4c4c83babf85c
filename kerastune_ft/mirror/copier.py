"""Copies the files of a run beside its training: whole ones only, in an order in which every copy goes on."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from kerastune_ft.errors import KerasTuneError, ResourceError
from kerastune_ft.mirror.open_copy import Copy, TakenError, list_names, open_copy
from kerastune_ft.mirror.pending import Batch, PendingFiles
from kerastune_ft.mirror.record import is_manifest
from kerastune_ft.rundir import MANIFEST, RunDirectory
from kerastune_ft.wording import counted

_GROUP_BYTES = 8_000_000


@dataclass(frozen=True)
class Pauses:
    """Seconds between two tries to copy, and how long the end of a run waits for the last one."""

    between: float = 10.0
    """After what was copied: a slow mount is not given every epoch of 0.1 seconds."""
    after_failure: float = 30.0
    at_end: float = 1.0
    """After a failure while the run waits for its end."""
    reports: float = 20.0
    """Between two lines that say what the end of a run waits for."""
    patience: float = 600.0
    """The longest time in which no file is finished, while the run waits for its end."""


class _ClosedError(Exception):
    """The end of a run does not wait for its copy any longer."""


_TRIES_AT_END = 3
_NAMED = 3


def _explain(error: BaseException, with_place: bool = True) -> str:
    """Return why something was not copied: the reason and the place, without remedies for the run itself."""
    if isinstance(error, ResourceError) and error.__cause__ is not None:
        error = error.__cause__
    if isinstance(error, OSError) and error.strerror:
        reason = error.strerror[0].lower() + error.strerror[1:]
        return f"{reason} ({error.filename})" if error.filename and with_place else reason
    return str(error) or type(error).__name__


class Copier:
    """Copies a run into its mirror, in a thread, until it is closed. Nothing that fails there ends the run.

    One that fails is said once, tried again, and said once more when it succeeds.
    """

    def __init__(
        self, run: RunDirectory, root: str, report: Callable[[str], None], pauses: Pauses | None = None
    ) -> None:
        """`root` is the folder of `output.mirror`.

        Raises TakenError where the copy there belongs to another process or is further than the run.
        """
        self._run, self._root, self._report = run, root, report
        self._pauses = pauses or Pauses()
        self._pending, self._under_way = PendingFiles(), Batch()
        self._copy: Copy | None = None
        self._failure: str | None = None
        self._is_closing = self._gave_up = False
        self._tries_left = _TRIES_AT_END
        self._not_before = self._last_success = time.monotonic()
        try:
            self._open()
        except TakenError:
            raise
        except (OSError, KerasTuneError) as error:
            self._note_failure(error)
        run.listener = self._pending
        self._thread = threading.Thread(target=self._work, name="mirror", daemon=True)
        self._thread.start()

    def _open(self) -> Copy:
        if self._copy is None:
            self._copy = open_copy(self._run, self._root)
            # What changed since the run began is among all files, in whose order phases stand.
            self._pending.take()
            here = list_names(self._run)
            manifests = {name: self._run.read_bytes(name) for name in here if is_manifest(name)}
            gone = [name for name in self._copy.record.files if name not in here]
            # The run goes on meanwhile: what is noted by now is newer than what was read here.
            self._pending.put_back(Batch([name for name in here if name not in manifests], manifests, gone))
        return self._copy

    def _work(self) -> None:
        try:
            self._copy_until_close()
        finally:
            # Here and not in `close`, which does not wait for ever: nobody else may write while this thread does.
            if self._copy is not None:
                self._copy.leave()

    def _copy_until_close(self) -> None:
        while not self._gave_up:
            self._pending.wait(self._is_due, self._seconds_to_wait())
            if not self._is_due():
                continue
            is_last = self._is_closing
            try:
                self._copy_pending()
                self._require_open()
            except _ClosedError:
                return
            except Exception as error:
                self._note_failure(error)
            else:
                self._note_success()
            # A try that failed is made again even where nothing but logs is left, or what is there is not written down.
            if is_last and self._failure is None and not self._pending:
                return

    def _is_due(self) -> bool:
        if self._is_closing:
            return time.monotonic() >= self._not_before
        return bool(self._pending) and time.monotonic() >= self._not_before

    def _seconds_to_wait(self) -> float | None:
        left = self._not_before - time.monotonic()
        return max(0.01, left) if left > 0 else None

    def _note_failure(self, error: Exception) -> None:
        # What another process has taken is not taken back, nor what `close` did not wait for.
        self._gave_up = self._gave_up or isinstance(error, TakenError)
        if self._failure is None:
            then = "without a copy" if self._gave_up else "and tries again"
            why = _explain(error)
            self._report(f"output.mirror: nothing is copied to {self._root} now: {why}; the run goes on, {then}")
        # The place was said then, and is most often a file like any other.
        self._failure = _explain(error, with_place=False)
        if self._is_closing:
            self._tries_left -= 1
            self._gave_up = self._gave_up or self._tries_left == 0
        pause = self._pauses.at_end if self._is_closing else self._pauses.after_failure
        self._not_before = time.monotonic() + pause

    def _note_success(self) -> None:
        if self._failure is not None:
            self._report(f"output.mirror: {self._root} takes copies again")
        self._failure = None
        self._last_success = time.monotonic()
        self._not_before = self._last_success + (0 if self._is_closing else self._pauses.between)

    def _copy_pending(self) -> None:
        copy = self._open()
        copy.check()
        batch = self._under_way = self._pending.take()
        try:
            for group in self._read_groups(list(batch.writes)):
                self._write_group(copy, group)
                batch.writes = [name for name in batch.writes if name not in group]
            for name, content in batch.manifests.items():
                self._write_group(copy, {name: content})
            self._require_open()
            own = batch.manifests.get(MANIFEST)
            copy.settle(batch.removals, None if own is None else own.decode("utf-8"))
        except BaseException:
            self._pending.put_back(batch)
            raise
        finally:
            self._under_way = Batch()

    def _read_groups(self, names: list[str]) -> Iterator[dict[str, bytes | None]]:
        """Yield the contents of files, as many at a time as take little memory; None for one that is gone again."""
        group: dict[str, bytes | None] = {}
        size = 0
        for name in names:
            try:
                content = self._run.read_bytes(name)
            except FileNotFoundError:
                group[name] = None
                continue
            if group and size + len(content) > _GROUP_BYTES:
                yield group
                group, size = {}, 0
            group[name] = content
            size += len(content)
        if group:
            yield group

    def _require_open(self) -> None:
        """Raise _ClosedError when `close` has returned, after which nothing is written but for what hung."""
        if self._gave_up:
            raise _ClosedError

    def _write_group(self, copy: Copy, group: dict[str, bytes | None]) -> None:
        self._require_open()
        contents = {name: content for name, content in group.items() if content is not None}
        hashes = {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()}
        changed = [name for name, content in contents.items() if not copy.holds(name, hashes[name], len(content))]
        copy.announce({name: hashes[name] for name in changed})
        for name in changed:
            copy.write(name, contents[name])
            self._last_success = time.monotonic()

    def close(self) -> None:
        """Copy what is left, wait for it, and say what is there or is not; a KeyboardInterrupt ends the waiting."""
        self._is_closing = True
        self._not_before = time.monotonic()
        self._last_success = time.monotonic()
        self._pending.wake()
        try:
            self._wait_for_end()
        except KeyboardInterrupt:
            self._failure = self._failure or "the waiting was interrupted"
        self._gave_up = True
        self._run.listener = None
        self._report(self._describe_end())

    def _list_missing(self, with_logs: bool = True) -> list[str]:
        """Return the names of what is to be copied or removed, that which is under way included."""
        return list(dict.fromkeys([*self._under_way.names(), *self._pending.names(with_logs)]))

    def _wait_for_end(self) -> None:
        said = time.monotonic()
        while self._thread.is_alive():
            self._thread.join(0.1)
            now = time.monotonic()
            if now - self._last_success > self._pauses.patience:
                self._failure = self._failure or f"no file was finished in {self._pauses.patience:.0f} s"
                return
            if now - said > self._pauses.reports:
                said = now
                self._report(
                    f"waiting until {counted(len(self._list_missing()) or 1, 'file')} are copied to {self._root}; the "
                    f"run itself is whole in {self._run}, and Ctrl-C leaves the copy as it is"
                )

    def _describe_end(self) -> str:
        missing = self._list_missing(with_logs=False)
        if self._copy is not None and not missing and self._failure is None:
            return f"copied to {self._copy.folder}: {self._copy.describe()}"
        return (
            f"output.mirror: {self._root} does not have all of the run, {_describe_missing(missing)}: "
            f"{self._failure or 'not copied'}; {self._run} has, and the same command copies the rest"
        )


def _describe_missing(names: Sequence[str]) -> str:
    """Return which files are not there: few by name, many by their number."""
    if not names:
        return "all but the last change of its logs"
    what = ", ".join(names) if len(names) <= _NAMED else counted(len(names), "file")
    return f"{what} {'is' if len(names) == 1 else 'are'} not there"
