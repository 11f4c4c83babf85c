"""keras-hub's own model of a backbone that writes texts, whose variables are those that training changes."""

from __future__ import annotations

import inspect
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import keras

from kerastune_ft.errors import ConfigError
from kerastune_ft.graph.units import is_seed

# What versions of keras-hub before 0.32 lack of backbones that they have.
_WRITES_SINCE = {"T5Backbone": "T5Seq2SeqLM"}


@dataclass(frozen=True)
class Generator:
    """A backbone of keras-hub that texts are generated with, and which variable of the trained model each of its is."""

    body: keras.Model
    """The backbone of keras-hub, which computes in float32."""
    pairs: tuple[tuple[keras.Variable, str], ...]
    """Each variable of `body`, but for seeds and adapters, with the path of the trained variable that it is."""

    def take(self, variables: Mapping[str, keras.Variable]) -> keras.Model:
        """Return `body` with the values that the trained variables, by path, have now.

        Those that both share are not copied.
        """
        for own, path in self.pairs:
            trained = variables[path]
            if trained is not own:
                own.assign(trained)
        return self.body


def pair_variables(
    body: keras.Model, model: keras.Model, others: Mapping[int, str], constant: Collection[int] = ()
) -> tuple[tuple[keras.Variable, str], ...]:
    """Return each variable of a backbone, but for seeds, with the path of the variable of `model` that it is.

    `others` gives by the id of a variable the path of one that is a copy of it, `constant` has the ids of those that
    the model has no variable for, since they never change.
    """
    known: dict[int, str] = {id(variable): variable.path for variable in model.variables}
    own = (variable for variable in body.variables if not is_seed(variable) and id(variable) not in constant)
    return tuple((variable, others.get(id(variable)) or known[id(variable)]) for variable in own)


def task_class(body: keras.Model) -> Any:
    """Return the class of keras-hub that writes texts with a backbone: `LlamaCausalLM` for a `LlamaBackbone`."""
    import keras_hub

    name = type(body).__name__.removesuffix("Backbone")
    return next(
        found
        for suffix in ("CausalLM", "Seq2SeqLM")
        if (found := getattr(keras_hub.models, f"{name}{suffix}", None)) is not None
    )


def require_task(body: keras.Model) -> None:
    """Raise ConfigError where the installed keras-hub reads texts with a backbone and writes none."""
    import keras_hub

    needed = _WRITES_SINCE.get(type(body).__name__)
    if needed and not hasattr(keras_hub.models, needed):
        raise ConfigError(
            f"backbone: the keras-hub {keras_hub.__version__} here has no {needed}; version 0.32 has it: "
            'python -m pip install "keras-hub>=0.32"'
        )


def make_task(body: keras.Model, tokenizer: Any, **lengths: int) -> keras.Model:
    """Return keras-hub's model that writes texts with a backbone.

    `lengths` are those of its preprocessor: `sequence_length`, or those of an encoder and a decoder. It has a
    tokenizer, where it takes such a one: that of bytes has no ends of texts.
    """
    kind = task_class(body)
    _keep_options(body)
    preprocessor = None
    if getattr(tokenizer, "end_token_id", None) is not None:
        preprocessor = kind.preprocessor_cls(tokenizer=tokenizer, **lengths)
    return kind(backbone=body, preprocessor=preprocessor)


def _keep_options(body: Any) -> None:
    """Make a backbone report whether its embeddings are tied, which some of keras-hub 0.32 forget when saved."""
    kind, option = type(body), "tie_word_embeddings"
    if option in inspect.signature(kind.__init__).parameters and option not in kind.get_config(body):
        body.get_config = lambda: {**kind.get_config(body), option: body.token_embedding.tie_weights}
