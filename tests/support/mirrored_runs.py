"""What the tests of mirrors share: files as a run writes them, a mirror that fails, and what is in a copy."""

from __future__ import annotations

import errno
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from kerastune_ft.mirror.bring_back import FoundCopy, find_copy
from kerastune_ft.mirror.copier import Copier, Pauses
from kerastune_ft.rundir import MANIFEST, OWNER, RunDirectory

AT_ONCE = Pauses(between=0, after_failure=0, at_end=0, reports=1e9, patience=1e9)
STEPS = 4


class Failing:
    """A mirror in which the operation of one number fails, on the copy alone; 0 is none."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, root: Path, lasting: bool = False) -> None:
        self.count, self.at, self.lasting, self.error = 0, 0, lasting, OSError(errno.EIO, "Input/output error")
        self._lock = threading.Lock()
        for name in ("commit", "remove", "read_bytes", "read_json"):
            monkeypatch.setattr(RunDirectory, name, self._wrap(getattr(RunDirectory, name), root, name))

    def _wrap(self, call: Callable[..., Any], root: Path, kind: str) -> Callable[..., Any]:
        def wrapped(run: RunDirectory, name: str, *values: Any) -> Any:
            # Heartbeats come by the clock.
            if run.path.is_relative_to(root) and name != OWNER:
                with self._lock:
                    self.count += 1
                    fails = self.at and (self.count >= self.at if self.lasting else self.count == self.at)
                # Cut short under its own name where there was none, or where every batch writes anew.
                if fails and kind == "commit" and (name.startswith((".", MANIFEST)) or not run.exists(name)):
                    (run.path / name).parent.mkdir(parents=True, exist_ok=True)
                    content = values[0] if isinstance(values[0], bytes) else values[0].encode()
                    (run.path / name).write_bytes(content[: len(content) // 2])
                if fails:
                    raise self.error
            return call(run, name, *values)

        return wrapped


def train(run: RunDirectory, steps: int = STEPS, begin: int = 0) -> None:
    """Write what a phase writes: two checkpoints are kept, and the manifest names the files that stay."""
    run.commit("config.json", "{}")
    run.commit("plan.json", "{}")
    run.update_manifest(state="running", config_hash="h")
    for step in range(begin + 1, steps + 1):
        run.commit(f"phases/0-head/checkpoint/{step}.safetensors", f"weights {step} " * 20)
        run.remove(f"phases/0-head/checkpoint/{step - 2}.safetensors")
        run.append("log.txt", f"step {step}")
        run.commit("history.csv", f"epoch\n{step}\n")
        run.update_manifest(epoch=step)


def finish(run: RunDirectory) -> None:
    run.commit("phases/0-head/best.safetensors", b"best" * 100)
    run.commit("phases/0-head/result.json", "{}")
    for step in (STEPS - 1, STEPS):
        run.remove(f"phases/0-head/checkpoint/{step}.safetensors")
    run.commit("metrics.json", "{}")
    run.update_manifest(state="done")


def contents(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files if not path.name.startswith(".")}


def newest_step(folder: Path) -> int:
    return max((int(path.name.partition(".")[0]) for path in folder.glob("phases/*/checkpoint/*")), default=0)


def copy_of(root: Path) -> FoundCopy | None:
    return find_copy(sorted(root.iterdir()) if root.exists() else [], "h", None, lambda text: None)


def mirror(run: RunDirectory, root: Path, *work: Callable[[RunDirectory], None]) -> None:
    """Do the work of a run while it is copied."""
    copier = Copier(run, str(root), lambda text: None, AT_ONCE)
    for each in work:
        each(run)
    copier.close()
