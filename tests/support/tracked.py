"""A tracker that is a list, and the files of a run that trackers read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from kerastune_ft.rundir import RunDirectory
from kerastune_ft.tracking.sink import Begun, Has, Point

PHASES: list[dict[str, Any]] = [
    {
        "name": name,
        "index": index,
        "trains": trains,
        "epochs": 3,
        "optimizer": "adamw",
        "trainable_parameters": 1234,
        "learning_rate": {"peak": 0.01},
        "rates": rates,
    }
    for index, (name, trains, rates) in enumerate(
        (("head", ["head"], {"head": 0.01}), ("top", ["block1", "head"], {"block1": 0.001, "head": 0.01}))
    )
]
CONFIG: dict[str, Any] = {"name": "tiny", "output": {"examples": True}, "data": {"kind": "folder", "path": "photos"}}
PLAN: dict[str, Any] = {"phases": PHASES, "data": {"sizes": {"train": 7}}}


def make_row(phase: str, epoch: int, step: int, loss: float = 0.5) -> dict[str, Any]:
    return {
        "phase": phase,
        "epoch": epoch,
        "step": step,
        "seconds": 0.1,
        "learning_rate": 0.005,
        "train_loss": loss,
        "validation_accuracy": 0.5,
        "validation_auc": None,
    }


class Kept:
    """A sink that keeps all in a dict; it fails, with `error`, while `fails` is set."""

    pause = 0.0

    def __init__(
        self, kept: dict[str, Any] | None = None, fails: bool = False, error: type[BaseException] = ConnectionError
    ) -> None:
        self.kept: dict[str, Any] = {"figures": [], "files": [], "states": []} if kept is None else kept
        self.fails, self._error = fails, error

    def require(self) -> None: ...

    def start(self, begun: Begun) -> Mapping[str, Any]:
        self._check()
        self.kept["begun"] = begun
        return {"run": begun.identity.get("run", "first")}

    def forget_after(self, step: int) -> None:
        self._check()

    def find_sent(self, sent: int) -> Has:
        found = {(tag, step) for step, tag, _ in self.kept["figures"]}
        return lambda tag, step: (tag, step) in found

    def write(self, points: Sequence[Point]) -> None:
        self._check()
        self.kept["figures"] += [
            (point.step, tag, each) for point in points for tag, each in {**point.figures, **point.texts}.items()
        ]

    def add_file(self, path: Path, name: str) -> None:
        self._check()
        self.kept["files"].append(name)

    def finish(self, state: str) -> None:
        self._check()
        self.kept["states"].append(state)

    def _check(self) -> None:
        if self.fails:
            raise self._error("the server is gone")


def finish_phase(run: RunDirectory, phase: Mapping[str, Any], steps: int) -> None:
    run.commit_json(f"phases/{phase['index']:02d}-{phase['name']}/result.json", {"steps": steps})
