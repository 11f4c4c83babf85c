"""The objects that a caller gives: head, loss and metrics, checked as far as that needs no model."""

from __future__ import annotations

import contextlib
import inspect
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from kerastune_ft.config.python_objects import PythonMetric, PythonObjects
from kerastune_ft.config.run import RunConfig
from kerastune_ft.errors import ConfigError
from kerastune_ft.own.identity import identify

Direction = Literal["min", "max"]


@dataclass(frozen=True)
class OwnMetric:
    """A metric of targets and outputs of a whole split: a function of NumPy arrays, or a metric of Keras."""

    function: Any
    direction: Direction = "max"

    @property
    def is_function(self) -> bool:
        """Return whether it is a function, which intervals can call on resamples; a metric of Keras is not."""
        return not hasattr(self.function, "update_state")


@dataclass(frozen=True)
class OwnObjects:
    """The objects that a run is given besides its configuration."""

    head: Any = None
    """A layer, a model, or a function (features, outputs) that returns the symbolic outputs."""
    loss: Callable[..., Any] | None = None
    """A loss of Keras, or a function (targets, outputs) that returns a loss for every example."""
    metrics: Mapping[str, OwnMetric] = field(default_factory=dict)

    def identify(self) -> PythonObjects:
        """Return what the run's configuration records of them."""
        metrics = {
            name: PythonMetric(direction=each.direction, **identify(each.function).to_json())
            for name, each in self.metrics.items()
        }
        return PythonObjects(
            head=None if self.head is None else identify(self.head),
            loss=None if self.loss is None else identify(self.loss),
            metrics=metrics,
        )


def describe_metrics(config: RunConfig, run: str) -> Iterator[str]:
    """Yield sentences on the metrics that a run was given in Python, where it is measured without or by others."""
    own: OwnObjects | None = config.own
    recorded = {} if config.python is None else config.python.metrics
    given = OwnObjects() if own is None else own
    if left := [name for name in recorded if name not in given.metrics]:
        call = ", ".join(f'"{name}": ...' for name in left)
        yield (
            f"left out, since given in Python: {', '.join(left)}; in the program that has them call "
            f'kt.evaluate("{run}", metrics={{{call}}})'
        )
    for name, each in given.identify().metrics.items():
        if name in recorded and recorded[name] != each:
            yield f"{name} is not as the run measured it: {recorded[name].describe_change(each)}"


def gather_objects(head: Any, loss: Any, metrics: Any) -> OwnObjects | None:
    """Return the objects of a call, None without any; raise ConfigError for what is none of their kind."""
    if head is not None and not callable(head):
        raise ConfigError(
            f"head: {type(head).__name__} is no layer, model or function (features, outputs) that builds layers"
        )
    if loss is not None and not callable(loss):
        raise ConfigError(
            f"loss: {type(loss).__name__} is no loss of Keras and no function (targets, outputs); the name of a loss "
            'is a key of the phases, as defaults={"loss": {"name": "focal", "gamma": 2.0}}'
        )
    if loss is not None and _takes_probabilities(loss):
        name = getattr(loss, "__name__", type(loss).__name__)
        raise ConfigError(
            f"loss: {name} takes probabilities, and a head gives numbers without a softmax; give it from_logits=True, "
            "as keras.losses.SparseCategoricalCrossentropy(from_logits=True)"
        )
    named = {name: _read_metric(name, each) for name, each in _name_metrics(metrics).items()}
    if head is None and loss is None and not named:
        return None
    return OwnObjects(head, loss, named)


def _takes_probabilities(loss: Any) -> bool:
    """Return whether a loss says that it takes probabilities, as those of Keras do unless they are told otherwise."""
    if hasattr(loss, "from_logits"):
        return not loss.from_logits
    with contextlib.suppress(TypeError, ValueError):
        found = inspect.signature(loss).parameters.get("from_logits")
        return found is not None and found.default is False
    return False


def _name_metrics(metrics: Any) -> dict[str, Any]:
    """Return metrics by name: those of a dict, or those that functions and metrics of Keras have themselves."""
    if metrics is None:
        return {}
    if isinstance(metrics, Mapping):
        return dict(metrics)
    given = metrics if isinstance(metrics, Sequence) else [metrics]
    named: dict[str, Any] = {}
    for each in given:
        name = str(getattr(each, "name", None) or getattr(each, "__name__", ""))
        if not re.fullmatch(r"[a-z][a-z0-9_]*", name) or name in named:
            called = name or type(each).__name__
            raise ConfigError(f'metrics: {called!r} names no metric, or two; give a dict, as {{"cost": function}}')
        named[name] = each
    return named


def _read_metric(name: str, given: Any) -> OwnMetric:
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
        raise ConfigError(f"metrics: {name!r} is no name; use small letters, digits and underscores, a letter first")
    if isinstance(given, OwnMetric):
        return given
    function, direction = given if isinstance(given, tuple) and len(given) == 2 else (given, "max")
    if direction not in ("min", "max"):
        raise ConfigError(f'metrics[{name!r}]: write "min" or "max" behind the function, not {direction!r}')
    if not callable(function) and not hasattr(function, "update_state"):
        raise ConfigError(
            f"metrics[{name!r}]: {type(function).__name__} is no function (targets, outputs) and no metric of Keras"
        )
    return OwnMetric(function, "min" if direction == "min" else "max")
