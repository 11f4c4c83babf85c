"""The updates of weights: optimizers, the scale of the loss, and the compiled step that applies them."""

from __future__ import annotations
