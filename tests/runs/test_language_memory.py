"""The memory of a language model of a large vocabulary: what training takes at most, and what the plan says of it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
SECONDS = 900


def measure(folder: Path, changes: dict[str, Any]) -> dict[str, int]:
    """Return the bytes that a run took, those of model and optimizer, and the estimate."""
    command = [sys.executable, "-m", "tests.support.language_memory", str(folder), json.dumps(changes)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=SECONDS)
    assert done.returncode == 0, done.stderr[-3000:]
    found: dict[str, int] = json.loads(done.stdout.splitlines()[-1])
    return found


@pytest.mark.slow
@pytest.mark.parametrize(("changes", "most"), [({}, 1.75e9), ({"runtime.recompute": True}, 1.5e9)])
def test_a_large_vocabulary_takes_no_more_than_is_said(tmp_path: Path, changes: dict[str, Any], most: float) -> None:
    found = measure(tmp_path, changes)
    assert found["taken"] < most
    assert found["taken"] / 1.3 < found["estimate"] < 1.2 * found["taken"]
