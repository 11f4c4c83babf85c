"""Values of other libraries as those of Python and NumPy, without importing these libraries."""

from __future__ import annotations

from collections.abc import Iterable, Sized
from typing import Any

import numpy as np

# Of the classes of pandas that stand for no value.
_NOTHING = ("NaTType", "NAType")


def as_values(given: Any) -> Any:
    """Return a tensor, Series or column of another library as an array or a list; anything else as it is."""
    if hasattr(given, "detach") and hasattr(given, "cpu"):
        given = given.detach().cpu()
    for method in ("to_numpy", "numpy"):
        if not isinstance(given, type) and callable(getattr(given, method, None)):
            return getattr(given, method)()
    return given


def as_array(value: Any) -> Any:
    """Return a tensor as an array, and anything else as it is."""
    return as_values(value) if hasattr(value, "shape") and not isinstance(value, np.ndarray) else value


def is_missing(value: Any) -> bool:
    """Return whether a value stands for no value: None, NaN, NaT or pandas.NA."""
    return value is None or type(value).__name__ in _NOTHING or (isinstance(value, float) and value != value)


def is_iterator(given: Any) -> bool:
    """Return whether an object can be gone through once alone, as a generator."""
    return isinstance(given, Iterable) and hasattr(given, "__next__") and not isinstance(given, Sized)


def name_type(value: Any) -> str:
    """Return the name of a value's type as messages have it: `torch.Tensor`, `int`."""
    kind = type(value)
    module = kind.__module__.split(".")[0]
    return kind.__name__ if module in ("builtins", "__main__") else f"{module}.{kind.__name__}"
