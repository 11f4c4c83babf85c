"""Downloading a file so that it is whole or not there: resumed, checked, by one process at a time."""

from __future__ import annotations

import hashlib
import http.client
import os
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import filelock

from kerastune_ft.durable import sync, sync_folder
from kerastune_ft.errors import ConfigError, DataError, Interrupted, KerasTuneError, explain_write

_TRIES = 5
# Seconds before the second try; each later wait is twice as long.
_PAUSE = 1.0
# Without a byte for so long a connection is given up.
_SECONDS = 60.0
_BLOCK = 1 << 20
# What a server says that may go well later.
_PASSING = frozenset({408, 425, 429, 500, 502, 503, 504})
_ALGORITHMS = {32: "md5", 40: "sha1", 64: "sha256"}
Report = Callable[[str], None]


class _Broken(Exception):
    """A transfer that did not come to its end; another try may go on."""


def download(
    url: str,
    target: Path,
    digest: str = "",
    report: Report = lambda line: None,
    pause: Callable[[float], Any] = time.sleep,
) -> Path:
    """Bring a file, unless it is there as it should be, and return its path.

    `digest` is the hexadecimal MD5, SHA-1 or SHA-256 of the whole file; empty where it is not known. What was received
    before a connection broke is kept beside the file and gone on with, where the server can. Of several processes one
    downloads, and the others wait. Proxies are those of the environment. Raises ConfigError where there is no such
    file or no network, DataError for a wrong digest, Interrupted where the connection breaks again and again, and
    ResourceError for a full disk.
    """
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with filelock.FileLock(target.with_name(f".{target.name}.lock")):
            if target.is_file() and is_as_expected(target, digest):
                return target
            if target.is_file():
                report(f"{target} is not what it should be; it is fetched again")
            _Transfer(url, target, digest, report).finish(pause)
    except OSError as error:
        raise explain_write(target, error) from error
    return target


def is_as_expected(path: Path, digest: str) -> bool:
    """Return whether a file has this digest; True where none is known."""
    return not digest or hash_file(path, _ALGORITHMS[len(digest)]) == digest.lower()


def hash_file(path: Path, algorithm: str = "sha256") -> str:
    """Return the hexadecimal digest of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, algorithm).hexdigest()


class _Transfer:
    """One file under way: what has come stands beside its place, with what the server called that version of it."""

    def __init__(self, url: str, target: Path, digest: str, report: Report) -> None:
        self._url, self._target, self._digest, self._report = url, target, digest, report
        self._part = target.with_name(f".{target.name}.part")
        self._mark = target.with_name(f".{target.name}.version")

    def finish(self, pause: Callable[[float], Any]) -> None:
        """Bring the rest, in several tries, check the whole and put it in place."""
        for number in range(_TRIES):
            try:
                self._receive()
                self._check()
                break
            except _Broken as error:
                if number == _TRIES - 1:
                    kept = f"; {self._size():,} bytes are kept" if self._size() else ""
                    raise Interrupted(
                        f"{self._url} broke off {_TRIES} times ({error}){kept}; the same command goes on"
                    ) from error
                self._report(f"{self._url}: {error}; trying again")
                pause(_PAUSE * 2**number)
        with self._part.open("rb+") as file:
            sync(file.fileno())
        os.replace(self._part, self._target)
        self._mark.unlink(missing_ok=True)
        sync_folder(self._target.parent)

    def _size(self) -> int:
        return self._part.stat().st_size if self._part.is_file() else 0

    def _check(self) -> None:
        if is_as_expected(self._part, self._digest):
            return
        found = hash_file(self._part, _ALGORITHMS[len(self._digest)])
        # What is wrong is no beginning of what is right.
        self._forget()
        raise DataError(
            f"{self._url} is not what it should be: its {_ALGORITHMS[len(self._digest)]} is {found}, and "
            f"{self._digest} is expected; a proxy may have changed it: fetch it by another way and put it at "
            f"{self._target}"
        )

    def _forget(self) -> None:
        self._part.unlink(missing_ok=True)
        self._mark.unlink(missing_ok=True)

    def _receive(self) -> None:
        headers = {"User-Agent": "kerastune_ft", "Accept-Encoding": "identity"}
        known = self._mark.read_text() if self._mark.is_file() else ""
        begun = self._size()
        if begun and known:
            headers |= {"Range": f"bytes={begun}-", "If-Range": known}
        else:
            begun = 0
        try:
            # An opener of its own, since proxies are read when one is made.
            opener, request = urllib.request.build_opener(), urllib.request.Request(self._url, headers=headers)
            with opener.open(request, timeout=_SECONDS) as answer:
                self._write(answer, begun if answer.status == http.client.PARTIAL_CONTENT else 0)
        except urllib.error.HTTPError as error:
            error.close()
            self._refuse(error)
        except urllib.error.URLError as error:
            if isinstance(error.reason, OSError) and not isinstance(error.reason, TimeoutError | ConnectionError):
                raise self._explain_unreachable(error.reason) from error
            raise _Broken(str(error.reason)) from error
        except (TimeoutError, ConnectionError, ssl.SSLError, http.client.HTTPException) as error:
            raise _Broken(str(error) or type(error).__name__) from error
        except ValueError as error:
            raise ConfigError(f"{self._url} is no address that can be fetched ({error})") from error

    def _refuse(self, error: urllib.error.HTTPError) -> None:
        if error.code == http.client.REQUESTED_RANGE_NOT_SATISFIABLE:
            self._forget()
            raise _Broken("the server knows no such part of it") from error
        if error.code in _PASSING:
            raise _Broken(f"the server answers {error.code} {error.reason}") from error
        why = {
            401: "it asks for a login",
            403: "access is denied",
            404: "there is no such file",
            407: "the proxy asks for a login",
            410: "it is not there any more",
        }.get(error.code, error.reason)
        raise ConfigError(f"{self._url} cannot be fetched: {why} ({error.code})") from error

    def _explain_unreachable(self, reason: OSError) -> KerasTuneError:
        return ConfigError(
            f"{self._url} cannot be reached ({reason.strerror or reason}); give this command where there is a "
            "network, or name its proxy in the environment variable https_proxy"
        )

    def _write(self, answer: Any, begun: int) -> None:
        sent = answer.headers.get("Content-Range", "")
        if begun and sent and not sent.startswith(f"bytes {begun}-"):
            self._forget()
            raise _Broken(f"the server sends {sent!r} instead of what is missing")
        length = answer.headers.get("Content-Length")
        expected = None if length is None else begun + int(length)
        version = answer.headers.get("ETag", "")
        # A weak tag says that two versions mean the same, not that their bytes are the same.
        self._mark.write_text("" if version.startswith("W/") else version or answer.headers.get("Last-Modified", ""))
        with self._part.open("ab" if begun else "wb") as file:
            while block := answer.read(_BLOCK):
                file.write(block)
        if expected is not None and self._size() != expected:
            raise _Broken(f"{self._size():,} of {expected:,} bytes came")
