"""A process of the selftest: trains runs as any program would, kills itself where that is asked for, opens a model.

    python -m kerastune_ft.doctor.selftest.child WORK.json

WORK.json lists what is to be done, one thing after another; beside each run stands what became of it.
"""

from __future__ import annotations

import json
import os
import re
import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kerastune_ft.api import training
from kerastune_ft.errors import KerasTuneError
from kerastune_ft.training.watch import Watcher

OUTCOME, ANSWERS = "outcome.json", "answers.npz"
_PLACE = re.compile(r"\[(\d+)\]$")


class _Witness(Watcher):
    """Writes down where the phases of a run began, and kills the process at a step."""

    def __init__(self, outcome: Path, kill_at: tuple[str, int] | None) -> None:
        self._outcome, self._kill_at = outcome, kill_at
        self._phase = ""
        self._begun: dict[str, int] = {}

    def phase_started(self, phase: Mapping[str, Any], done_steps: int) -> None:
        """Take a phase, and the steps that an interrupted run made before."""
        self._phase = str(phase["name"])
        self._begun[self._phase] = done_steps
        self._outcome.write_text(json.dumps({"begun": self._begun}))

    def step_done(self, step: int, loss: float | None) -> None:
        """Kill this process, without a chance to clean up, where the step is reached."""
        if self._kill_at is not None and self._phase == self._kill_at[0] and step >= self._kill_at[1]:
            os.kill(os.getpid(), signal.SIGKILL)


def train(folder: Path, work: Mapping[str, Any]) -> None:
    """Train one run; an error that the package explains is written beside it."""
    outcome = folder / f"{work['run']}-{OUTCOME}"
    kill_at = work.get("kill_at")
    witness = _Witness(outcome, tuple(kill_at) if kill_at else None)
    try:
        training.run(work["document"], run_dir=folder / work["run"], callbacks=[witness])
    except KerasTuneError as error:
        outcome.write_text(json.dumps({"error": error.sentence, "exit_code": error.exit_code}))


def open_model(folder: Path, work: Mapping[str, Any]) -> None:
    """Open the saved model of a run with Keras alone, and write what it answers to the examples that were measured."""
    import csv

    import keras
    import numpy as np

    run = folder / work["open"]
    with (run / "evaluation/predictions.csv").open(encoding="utf-8") as file:
        places = [int(_PLACE.search(row["input"])[1]) for row in csv.DictReader(file)]  # type: ignore[index]
    with np.load(work["data"]) as arrays:
        inputs = arrays[work["array"]][places]
    model = keras.models.load_model(run / "model/model.keras")
    np.savez(folder / f"{work['open']}-{ANSWERS}", answers=np.asarray(model.predict(inputs, verbose=0)))


def main(path: str) -> None:
    """Do what a file of work lists."""
    folder = Path(path).parent
    for work in json.loads(Path(path).read_text()):
        open_model(folder, work) if "open" in work else train(folder, work)


if __name__ == "__main__":
    main(sys.argv[1])
