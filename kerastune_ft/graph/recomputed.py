"""Layers that compute something cheap, on whichever side of a cut it is needed: some with another layer's variables."""

from __future__ import annotations

from typing import Any

import keras


class Recomputed(keras.layers.Layer):
    """A layer without variables whose output is never stored: the tail computes it anew from what it reads."""

    @property
    def loans(self) -> list[keras.Variable]:
        """Return the variables of other layers that it computes with."""
        return []


class Borrower(Recomputed):
    """One that computes with variables of another layer of the same model, its lender.

    Where these train it belongs to the tail as if they were its own.
    """

    def __init__(self, lender: str, **options: Any) -> None:
        """`lender` is the name of the layer whose variables it computes with; see `borrow`."""
        super().__init__(**options)
        self.lender = lender
        # Not through Keras, which would take the lender's variables for those of this layer too.
        object.__setattr__(self, "_lent", None)

    def borrow(self, model: keras.Model) -> None:
        """Compute with the lender that a model has; it must have been called before this is."""
        self.lend(model.get_layer(self.lender))

    def lend(self, layer: keras.layers.Layer) -> None:
        """Compute with a layer of the lender's kind."""
        object.__setattr__(self, "_lent", layer)

    @property
    def lender_layer(self) -> Any:
        """Return the layer it computes with."""
        assert self._lent is not None, f"{self.name} has nothing to compute with"
        return self._lent

    def get_config(self) -> dict[str, Any]:
        """Return what the layer is made again from, but for the lender itself."""
        return {**super().get_config(), "lender": self.lender}


def borrow_anew(model: keras.Model) -> None:
    """Let the layers of a model that was made anew compute with layers of that model."""
    for layer in model.layers:
        if isinstance(layer, Borrower):
            layer.borrow(model)
