"""What a phase changes about the loss that it trains on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from kerastune_ft.config.options.updates.losses import PhaseLoss


@dataclass(frozen=True)
class LossOptions:
    """Changes of a phase to the loss that it trains on; losses of validation and test are without them."""

    smoothing: Any = 0.0
    """The share of the target that is spread evenly over all classes, 0 to 1; a number, or a variable that holds it."""
    class_weights: Any = None
    """The factors on the loss of an example by its class, float32 [classes], a tuple or a variable; None is without.

    Counts, by which losses are divided, stay as they are.
    """
    loss: PhaseLoss | None = None
    """The loss itself; None is the task's own."""

    @property
    def is_smooth(self) -> bool:
        """Return whether any of the target is spread; a variable is there where some is."""
        return not isinstance(self.smoothing, int | float) or self.smoothing > 0


NO_OPTIONS = LossOptions()
