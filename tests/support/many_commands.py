"""Gives commands, read from standard input, one after another in this process; prints what each left as JSON.

A command that begins with "stopped" reaches its time limit when its first phase begins: no clock can tell when.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import tempfile
import time
from typing import Any

from kerastune_ft.cli.commands import main
from kerastune_ft.training.interrupts import StopRequest


def _stopping(stop: StopRequest) -> contextlib.AbstractContextManager[None]:
    stop.deadline = time.monotonic()
    return _DEFERRED(stop)


_DEFERRED = StopRequest.deferred


def outcome(words: list[str]) -> dict[str, Any]:
    """Run one command with both streams, TensorFlow's own lines included, in files."""
    kept = os.dup(1), os.dup(2)
    deferred = StopRequest.deferred
    if words[0] == "stopped":
        words = words[1:]
        StopRequest.deferred = _stopping  # type: ignore[method-assign]
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        os.dup2(out.fileno(), 1)
        os.dup2(err.fileno(), 2)
        try:
            main(words)
            code: Any = 0
        except SystemExit as ended:
            code = ended.code
        finally:
            StopRequest.deferred = deferred  # type: ignore[method-assign]
            sys.stdout.flush()
            sys.stderr.flush()
            os.dup2(kept[0], 1)
            os.dup2(kept[1], 2)
            os.close(kept[0])
            os.close(kept[1])
        texts = []
        for file in (out, err):
            file.seek(0)
            texts.append(file.read().decode())
    return {"code": code, "out": texts[0], "err": texts[1]}


if __name__ == "__main__":
    print(json.dumps([outcome(words) for words in json.load(sys.stdin)]))
