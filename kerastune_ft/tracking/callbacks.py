"""Callbacks that a caller gives: observers of a run, of the caller's own kind or of Keras'."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from kerastune_ft.errors import ConfigError
from kerastune_ft.training.watch import Watcher

_EVENTS = tuple(name for name in vars(Watcher) if not name.startswith("_") and name not in ("state", "restore"))


def make_watchers(callbacks: Any) -> dict[str, Watcher]:
    """Return watchers by name for callbacks: Watchers, objects with some of its methods, or callbacks of Keras.

    Raises ConfigError for what has none of these methods.
    """
    given = callbacks if isinstance(callbacks, Sequence) else [callbacks]
    found: dict[str, Watcher] = {}
    for number, callback in enumerate(given):
        name = type(callback).__name__
        found[name if name not in found else f"{name} {number + 1}"] = _make_watcher(callback)
    return found


def _make_watcher(callback: Any) -> Watcher:
    if isinstance(callback, Watcher):
        return callback
    if any(base.__name__ == "Callback" and base.__module__.startswith("keras") for base in type(callback).__mro__):
        return _KerasCallback(callback)
    if not any(callable(getattr(callback, event, None)) for event in _EVENTS):
        raise ConfigError(
            f"callbacks: {type(callback).__name__} has none of the methods {', '.join(_EVENTS)}, and is no callback "
            "of Keras"
        )
    return _Observer(callback)


class _Observer(Watcher):
    """Passes events on to an object that has methods for some of them."""

    def __init__(self, observer: Any) -> None:
        for event in (*_EVENTS, "state", "restore"):
            method = getattr(observer, event, None)
            if callable(method):
                setattr(self, event, method)


class _KerasCallback(Watcher):
    """Tells a callback of Keras of the beginning, the epochs and the end of a run; it has no model to act on."""

    def __init__(self, callback: Any) -> None:
        self._callback, self._phase = callback, ""
        # Epochs that are done, by phase.
        self._done: dict[str, int] = {}

    def state(self) -> Mapping[str, Any]:
        """Return how many epochs of each phase are done."""
        return dict(self._done)

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on counting where an interrupted run was."""
        self._done = dict(state)

    def run_started(self, directory: str, config: Mapping[str, Any], plan: Mapping[str, Any]) -> None:
        """Pass on that the run begins."""
        self._callback.set_params({"epochs": sum(phase["epochs"] for phase in plan["phases"]), "verbose": 0})
        self._callback.on_train_begin({})

    def phase_started(self, phase: Mapping[str, Any], done_steps: int) -> None:
        """Take the phase in whose epochs are to come; those of a refit have the names of the phases before."""
        self._phase = f"refit of {phase['name']}" if phase.get("refit") else str(phase["name"])

    def epoch_done(self, row: Mapping[str, Any], is_best: bool) -> None:
        """Pass on the row of an epoch, its figures by Keras' names; epochs are counted over all phases."""
        logs = {
            key.removeprefix("train_").replace("validation_", "val_", 1): value
            for key, value in row.items()
            if key not in ("phase", "epoch", "step", "seconds")
        }
        self._done[self._phase or row["phase"]] = row["epoch"]
        number = sum(self._done.values()) - 1
        self._callback.on_epoch_begin(number, {})
        self._callback.on_epoch_end(number, logs)

    def run_done(self, state: str, message: str, metrics: Mapping[str, Any]) -> None:
        """Pass on that the run ended."""
        self._callback.on_train_end(dict(metrics.get("validation") or {}))
