"""Options of optimizers: the Keras optimizers by name, and the constructor options of each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal

from pydantic import Field, model_validator

from kerastune_ft.config.options.base import Options

OptimizerName = Literal["sgd", "adam", "adamw", "nadam", "adagrad", "rmsprop", "lion", "lamb", "adafactor", "lbfgs"]

SOLVERS = ("lbfgs",)
"""The optimizers that set a linear head to its optimum by all examples at a time, instead of step by step."""


@dataclass(frozen=True)
class OptionRule:
    """The allowed values of an optimizer option, in words and as a predicate."""

    allowed: str
    accepts: Callable[[Any], bool]


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


_FLAG = OptionRule("true or false", lambda value: isinstance(value, bool))
_SHARE = OptionRule("a number from 0 up to, not including, 1", lambda value: _number(value) and 0 <= value < 1)
_POSITIVE = OptionRule("a number above 0", lambda value: _number(value) and value > 0)
_NOT_NEGATIVE = OptionRule("a number of at least 0", lambda value: _number(value) and value >= 0)
_NOT_ABOVE_ZERO = OptionRule("a number of at most 0", lambda value: _number(value) and value <= 0)

_BETAS = {"beta_1": _SHARE, "beta_2": _SHARE}
_ADAM = {**_BETAS, "epsilon": _POSITIVE}

OPTIMIZER_OPTIONS: Mapping[str, Mapping[str, OptionRule]] = MappingProxyType(
    {
        "sgd": {"momentum": _SHARE, "nesterov": _FLAG},
        "adam": {**_ADAM, "amsgrad": _FLAG},
        "adamw": {**_ADAM, "amsgrad": _FLAG},
        "nadam": _ADAM,
        "adagrad": {"initial_accumulator_value": _NOT_NEGATIVE, "epsilon": _POSITIVE},
        "rmsprop": {"rho": _SHARE, "momentum": _SHARE, "epsilon": _POSITIVE, "centered": _FLAG},
        "lion": _BETAS,
        "lamb": _ADAM,
        "adafactor": {
            "beta_2_decay": _NOT_ABOVE_ZERO,
            "epsilon_1": _POSITIVE,
            "epsilon_2": _POSITIVE,
            "clip_threshold": _POSITIVE,
        },
        "lbfgs": {"l2": _POSITIVE},
    }
)

MOMENTUM_OPTIONS: Mapping[str, str] = MappingProxyType({"sgd": "momentum", "adam": "beta_1", "adamw": "beta_1"})
"""The optimizers whose momentum can follow the learning rate, and the option of each that it takes the place of."""


# What is written out of an option that is left away: how strong a penalty is has no default in Keras.
_DEFAULTS: Mapping[str, Mapping[str, Any]] = {"lbfgs": {"l2": 0.01}}


class Optimizer(Options):
    """The optimizer of a phase: its name, and options of its Keras constructor."""

    name: OptimizerName = Field("adamw", description="the optimizer")
    options: Mapping[str, Any] = Field({}, description="options of the Keras constructor")

    @model_validator(mode="before")
    @classmethod
    def _gather(cls, value: Any) -> Any:
        if isinstance(value, str):
            value = {"name": value}
        if isinstance(value, Mapping) and "options" not in value:
            options = {key: option for key, option in sorted(value.items()) if key != "name"}
            value = {**({"name": value["name"]} if "name" in value else {}), "options": options}
        if isinstance(value, Mapping) and isinstance(value["options"], Mapping):
            usual = _DEFAULTS.get(str(value.get("name")), {})
            return {**value, "options": {**usual, **value["options"]}}
        return value
