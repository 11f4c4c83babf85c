"""What a phase changes about the loss that it trains on."""

from __future__ import annotations

from dataclasses import dataclass

from kerastune_ft.config.options.updates.losses import PhaseLoss


@dataclass(frozen=True)
class LossOptions:
    """Changes of a phase to the loss that it trains on; losses of validation and test are without them."""

    smoothing: float = 0.0
    """The share of the target that is spread evenly over all classes, 0 to 1."""
    class_weights: tuple[float, ...] | None = None
    """The factor on the loss of an example by its class; counts, by which losses are divided, stay as they are."""
    loss: PhaseLoss | None = None
    """The loss itself; None is the task's own."""


NO_OPTIONS = LossOptions()
