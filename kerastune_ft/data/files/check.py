"""Checking files before training: every one is read once, and what was found out is remembered."""

from __future__ import annotations

import os
import stat
import time
import warnings
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Generic, TypeVar

from kerastune_ft import storage
from kerastune_ft.data.files.fingerprint import FileRecords
from kerastune_ft.data.source import Report

_REPORT_SECONDS = 20.0
# Handing a file to a thread takes longer than recalling what is known of it.
_BATCH = 16


@dataclass(frozen=True)
class CheckedFile:
    """The result of checking one file."""

    path: str
    """The file to read: the original, or its rewritten copy."""
    sha256: str
    problem: str | None = None
    is_missing: bool = False
    stamp: list[int | None] | None = None
    """Size in bytes and time of the last change when it was checked; None where a copy is read in its place."""
    content: str = ""
    """A SHA-256 (hex) that what it gives follows from."""


Found = TypeVar("Found", bound=CheckedFile)


class FileCheck(ABC, Generic[Found]):
    """Checks the files of one data folder, remembering results in the cache directory."""

    noun: ClassVar[str]

    def __init__(self, scope: str, cache_directory: Path, report: Report) -> None:
        """`scope` is the folder, with what its files are checked for."""
        self._records = FileRecords(cache_directory, scope)
        self._report = report

    def check(self, paths: Sequence[str]) -> list[Found]:
        """Return the result for every file, in order; only files not seen before are read."""
        checked: list[Found] = []
        reported = time.monotonic()
        pool = ThreadPoolExecutor(min(16, 2 + (os.cpu_count() or 1)))
        try:
            # A picture beyond Pillow's warning size is still a picture; one beyond its limit is refused.
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                batches = [paths[start : start + _BATCH] for start in range(0, len(paths), _BATCH)]
                for results in pool.map(self._check_all, batches):
                    checked += results
                    if time.monotonic() - reported > _REPORT_SECONDS:
                        reported = time.monotonic()
                        self._report(f"checked {len(checked)} of {len(paths)} {self.noun} files")
        finally:
            # Stopped half way, the files still waiting are given up and what is known is kept.
            pool.shutdown(cancel_futures=True)
            self._records.save()
        return checked

    def _check_all(self, paths: Sequence[str]) -> list[Found]:
        return [self._check_file(path) for path in paths]

    def _check_file(self, path: str) -> Found:
        try:
            status = storage.status(path)
            if not stat.S_ISREG(status.st_mode):
                # Opening a pipe would wait for a writer for ever.
                return self.unusable(path, explain_not_a_file(status))
            facts = self._records.recall(path, status)
            if facts is None or not self._is_complete(facts):
                facts = self._examine(storage.read(path))
                self._records.remember(path, status, facts)
        except FileNotFoundError:
            return self.unusable(path, f"is not there{' (a broken link)' * os.path.islink(path)}", is_missing=True)
        except OSError as problem:
            return self.unusable(path, explain_os_error(problem))
        except ValueError:
            return self.unusable(path, "is no name a file can have", is_missing=True)
        return self._result(path, facts, status)

    @abstractmethod
    def unusable(self, path: str, problem: str, is_missing: bool = False) -> Found:
        """Return the result of a file of which nothing else is known."""

    @abstractmethod
    def _is_complete(self, facts: dict[str, Any]) -> bool:
        """Tell whether remembered facts are all that is wanted."""

    @abstractmethod
    def _examine(self, content: bytes) -> dict[str, Any]:
        """Return the facts about a file's content, as JSON values."""

    @abstractmethod
    def _result(self, path: str, facts: dict[str, Any], status: os.stat_result) -> Found:
        """Return the result that follows from the facts about a file."""


def read_content(path: str, unusable: Callable[[str], Exception]) -> bytes:
    """Return what a file holds; raise what `unusable` makes of the reason where it cannot be read."""
    try:
        status = storage.status(path)
        if not stat.S_ISREG(status.st_mode):
            raise unusable(explain_not_a_file(status))
        return storage.read(path)
    except FileNotFoundError as problem:
        raise unusable("is not there") from problem
    except OSError as problem:
        raise unusable(explain_os_error(problem)) from problem
    except ValueError as problem:
        raise unusable("is no name a file can have") from problem


def explain_os_error(problem: OSError) -> str:
    """Return why the system does not give a file."""
    return f"cannot be read: {(problem.strerror or str(problem)).lower()}"


def explain_not_a_file(status: os.stat_result) -> str:
    """Return what something is that is no file."""
    return "is a folder" if stat.S_ISDIR(status.st_mode) else "is a pipe, a socket or a device, no file"
