"""Gives commands, read from standard input, one after another in this process; answers with what each left as JSON.

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


_DEFERRED = StopRequest.defer


def outcome(words: list[str]) -> dict[str, Any]:
    """Run one command with both streams, TensorFlow's own lines included, in files."""
    kept = os.dup(1), os.dup(2)
    deferred = StopRequest.defer
    if words[0] == "stopped":
        words = words[1:]
        StopRequest.defer = _stopping  # type: ignore[method-assign]
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        os.dup2(out.fileno(), 1)
        os.dup2(err.fileno(), 2)
        try:
            main(words)
            code: Any = 0
        except SystemExit as ended:
            code = ended.code
        finally:
            StopRequest.defer = deferred  # type: ignore[method-assign]
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


def serve() -> None:
    """Answer requests, each a line of JSON: folder, environment and commands; at the end of the input it ends."""
    # Commands write into the first two streams of the process, so the answers need one of their own.
    with os.fdopen(os.dup(1), "w", encoding="utf-8") as answers:
        for line in sys.stdin:
            request = json.loads(line)
            os.chdir(request["folder"])
            os.environ.update(request["environment"])
            answers.write(json.dumps([outcome(words) for words in request["commands"]]) + "\n")
            answers.flush()


if __name__ == "__main__":
    serve()
