"""A process of the selftest in which one promise is broken on purpose; the environment variable BREAK says which."""

from __future__ import annotations

import dataclasses
import os
import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from kerastune_ft.doctor.selftest import child


def break_frozen() -> None:
    """Change a frozen variable while a phase trains."""
    from kerastune_ft.training.phase import frozen_check, phase

    find = frozen_check.frozen_hashes
    calls = []

    def change_and_find(session: Any, plan: Any) -> dict[str, str]:
        calls.append(plan)
        if len(calls) % 2 == 0:
            name = next(iter(find(session, plan)))
            session.variables[name].assign_add(np.full(session.variables[name].shape, 0.01, np.float32))
        return find(session, plan)

    phase.frozen_check = type(sys)("frozen_check")
    vars(phase.frozen_check).update(vars(frozen_check), frozen_hashes=change_and_find)


def break_frozen_unseen() -> None:
    """Begin with other weights than those of the package, which the run itself cannot know."""
    from kerastune_ft.backbones import weights_file

    read = weights_file._read_file

    def read_changed(path: Any) -> dict[str, np.ndarray]:
        return {name: value + np.float32(0.01) for name, value in read(path).items()}

    weights_file._read_file = read_changed


def break_store() -> None:
    """Read other features of the second view than were stored; of other features a run knows that itself."""
    from kerastune_ft.training.features.store_rows import StoredFeatures

    read = StoredFeatures.__call__

    def read_changed(self: Any, indices: np.ndarray, view: int = 0) -> Any:
        rows = read(self, indices, view)
        return rows * np.float32(1.1) if view else rows

    StoredFeatures.__call__ = read_changed


def break_resume() -> None:
    """Forget the optimizer's momentum when a run goes on."""
    from kerastune_ft.training.checkpoint import Checkpoints

    read = Checkpoints._read_snapshot

    def read_without_momentum(self: Any, path: str) -> Any:
        found = read(self, path)
        none = {name: np.zeros_like(value) if value.ndim else value for name, value in found.tensors.optimizer.items()}
        return dataclasses.replace(found, tensors=dataclasses.replace(found.tensors, optimizer=none))

    Checkpoints._read_snapshot = read_without_momentum


def break_resume_from_start() -> None:
    """Lose all checkpoints of a phase."""
    from kerastune_ft.training.checkpoint import Checkpoints

    Checkpoints.newest = lambda self, watch: None


def break_again() -> None:
    """Draw from another seed in every process."""
    train = child.train

    def train_otherwise(folder: Any, work: dict[str, Any]) -> None:
        train(folder, {**work, "document": {**work["document"], "seed": os.getpid()}})

    child.train = train_otherwise


def break_model() -> None:
    """Open another model than was saved; what a run saves it compares by itself."""
    open_model = child.open_model

    def open_changed(folder: Any, work: dict[str, Any]) -> None:
        import keras

        load = keras.models.load_model

        def load_changed(path: Any) -> Any:
            model = load(path)
            model.trainable_variables[-1].assign_add(np.array([0.5, 0.0], np.float32))
            return model

        keras.models.load_model = load_changed
        open_model(folder, work)

    child.open_model = open_changed


def break_replicas() -> None:
    """Leave the gradients of a replica where they are."""
    from kerastune_ft.training.devices.devices import Devices

    Devices.reduce = lambda self, gradients, sums: (list(gradients), sums)


BREAKS: dict[str, Callable[[], None]] = {
    name.removeprefix("break_"): function for name, function in globals().items() if name.startswith("break_")
}

if __name__ == "__main__":
    BREAKS[os.environ["BREAK"]]()
    child.main(sys.argv[1])
