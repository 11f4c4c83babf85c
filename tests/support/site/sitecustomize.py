"""Holds a process as soon as it has committed a file, so that a test can send it a signal at that moment.

Python imports this module when it starts with this folder in PYTHONPATH. The process that put the
file HELD_AT in its place waits until the file HELD_UNTIL is there.
"""

from __future__ import annotations

import os
import time

_at = os.environ.get("HELD_AT", "")
_replace = os.replace


def _replace_and_hold(source, target, **options):
    _replace(source, target, **options)
    if os.path.abspath(os.fspath(target)) == _at:
        while not os.path.exists(os.environ["HELD_UNTIL"]):
            time.sleep(0.005)


if _at:
    os.replace = _replace_and_hold
