"""A real browser for tests of pages: Chromium, led over the pipe of its DevTools."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from tests.support.processes import HANG

_NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
_OPTIONS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
    "--disable-extensions", "--remote-debugging-pipe", "--use-fake-ui-for-media-stream",
    "--use-fake-device-for-media-stream", "--autoplay-policy=no-user-gesture-required",
)  # fmt: skip

# DevTools reads from 3 and writes to 4.
_BEGIN = """
import fcntl, os, sys
ends = [fcntl.fcntl(int(number), fcntl.F_DUPFD, 10) for number in sys.argv[1:3]]
os.dup2(ends[0], 3)
os.dup2(ends[1], 4)
os.execv(sys.argv[3], sys.argv[3:])
"""


def find_browser() -> str | None:
    """The path of a Chromium; None where there is none."""
    return next((path for path in map(shutil.which, _NAMES) if path), None)


class Browser:
    """One page of a browser, which complains of what went wrong on it."""

    def __init__(self, address: str) -> None:
        self._address = address
        self.complaints: list[str] = []
        self._number, self._session = 0, ""
        self._buffer = b""

    def __enter__(self) -> Browser:
        path = find_browser()
        assert path is not None
        self._folder = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        theirs_in, self._out = os.pipe()
        self._in, theirs_out = os.pipe()
        options = [*_OPTIONS, f"--user-data-dir={self._folder.name}", "about:blank"]
        words = [sys.executable, "-c", _BEGIN, str(theirs_in), str(theirs_out), path, *options]
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "stdin": subprocess.DEVNULL}
        self._process = subprocess.Popen(words, pass_fds=(theirs_in, theirs_out), **quiet)
        os.close(theirs_in)
        os.close(theirs_out)
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "DOM", "Log"):
            self.call(f"{domain}.enable")
        self.call("Page.navigate", url=self._address)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.wait(HANG)
        os.close(self._in)
        os.close(self._out)
        self._folder.cleanup()

    def call(self, method: str, **parameters: Any) -> Any:
        """Call a method of DevTools and return its result."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        session = {"sessionId": self._session} if self._session else {}
        os.write(self._out, json.dumps({**message, **session}).encode() + b"\0")
        while True:
            found = self._receive()
            if found.get("id") == self._number:
                assert "error" not in found, (method, found["error"])
                return found["result"]
            self._note(found)

    def _receive(self) -> Any:
        while b"\0" not in self._buffer:
            part = os.read(self._in, 1 << 16)
            assert part, "the browser ended"
            self._buffer += part
        one, _, self._buffer = self._buffer.partition(b"\0")
        return json.loads(one)

    def _note(self, found: Any) -> None:
        if found.get("method") == "Runtime.exceptionThrown":
            self.complaints.append(found["params"]["exceptionDetails"]["text"])
        # What a server refuses is an entry as well, and wanted here.
        if found.get("method") == "Log.entryAdded" and found["params"]["entry"]["source"] not in ("network",):
            self.complaints.append(found["params"]["entry"]["text"])

    def get(self, expression: str) -> Any:
        """Return the value of an expression of JavaScript."""
        words = f"(async () => {{ return {expression}; }})()"
        found = self.call("Runtime.evaluate", expression=words, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in found, found
        return found["result"].get("value")

    def wait_for(self, expression: str) -> None:
        """Wait until an expression is true."""
        limit = time.monotonic() + HANG
        while not self.get(f"Boolean({expression})"):
            assert time.monotonic() < limit, (expression, self.get("document.body.innerText"), self.complaints)
            time.sleep(0.02)

    def _find(self, selector: str) -> int:
        root = self.call("DOM.getDocument")["root"]["nodeId"]
        return int(self.call("DOM.querySelector", nodeId=root, selector=selector)["nodeId"])

    def choose_files(self, selector: str, files: Sequence[Path]) -> None:
        """Choose files in a field for them."""
        self.call("DOM.setFileInputFiles", nodeId=self._find(selector), files=[str(file) for file in files])

    def fill(self, selector: str, text: str) -> None:
        """Write into a field."""
        self.get(f"document.querySelector({json.dumps(selector)}).value = {json.dumps(text)}")

    def click(self, selector: str) -> None:
        """Click an element."""
        self.get(f"document.querySelector({json.dumps(selector)}).click()")

    def resize(self, width: int, height: int) -> None:
        """Give the page the size of a phone, or another."""
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=True)

    def take_picture(self, path: Path) -> None:
        """Write a PNG of the page."""
        import base64

        path.write_bytes(base64.b64decode(self.call("Page.captureScreenshot", captureBeyondViewport=True)["data"]))
