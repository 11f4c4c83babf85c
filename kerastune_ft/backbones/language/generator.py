"""keras-hub's own model of a backbone that writes texts, whose variables are those that training changes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import keras


@dataclass(frozen=True)
class Generator:
    """A backbone of keras-hub that texts are generated with, and which variable of the trained model each of its is."""

    body: keras.Model
    """The backbone of keras-hub, which computes in float32."""
    paths: tuple[str, ...]
    """For each variable of `body`, in order, the path of the variable in the trained model that has its values."""

    def take(self, variables: Mapping[str, keras.Variable]) -> keras.Model:
        """Return `body` with the values that the trained variables, by path, have now.

        Those that both share are not copied.
        """
        for own, path in zip(self.body.variables, self.paths, strict=True):
            trained = variables[path]
            if trained is not own:
                own.assign(trained)
        return self.body


def find_paths(body: keras.Model, model: keras.Model, others: Mapping[int, str]) -> tuple[str, ...]:
    """Return for each variable of a backbone the path of the variable of `model` that it is.

    `others` gives by the id of a variable the path of one that is a copy of it.
    """
    known: dict[int, str] = {id(variable): variable.path for variable in model.variables}
    return tuple(others.get(id(variable)) or known[id(variable)] for variable in body.variables)


def task_class(body: keras.Model) -> Any:
    """Return the class of keras-hub that writes texts with a backbone: `LlamaCausalLM` for a `LlamaBackbone`."""
    import keras_hub

    name = type(body).__name__.removesuffix("Backbone")
    return next(
        found
        for suffix in ("CausalLM", "Seq2SeqLM")
        if (found := getattr(keras_hub.models, f"{name}{suffix}", None)) is not None
    )
