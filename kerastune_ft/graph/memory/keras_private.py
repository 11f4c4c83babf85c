"""The private names of Keras by which a variable waits for its values, one function each."""

from __future__ import annotations

from typing import Any


def has_value(variable: Any) -> bool:
    """Return whether a variable has got values yet."""
    return variable._value is not None


def leave_without_value(variable: Any, initializer: Any) -> None:
    """Let a new variable wait for its values, to be drawn by an initializer if nobody gives it others."""
    variable._value, variable._initializer = None, initializer


def give_first_value(variable: Any, value: Any) -> None:
    """Give values to a variable that waits for them, in the memory where they lie."""
    variable._initialize(value)
    variable._initializer = None


def draw_value(variable: Any) -> None:
    """Draw the values of a variable that waits for them."""
    variable._deferred_initialize()
