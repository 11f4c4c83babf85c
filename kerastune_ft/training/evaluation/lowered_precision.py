"""How far a model whose frozen part computed in bfloat16 is from the one that is saved, of float32 alone."""

from __future__ import annotations

from typing import Any

from kerastune_ft.training.evaluation.measured import Measured
from kerastune_ft.training.left_weights import is_discarded
from kerastune_ft.training.loop import result_of
from kerastune_ft.training.phase.context import RunContext

_SPLIT, _LOSS = "validation", "validation_loss"


def compare_precisions(context: RunContext, measured: Measured) -> dict[str, Any] | None:
    """Return the validation loss of what the last phase left, as it trained and in float32; None where not both are."""
    if context.session.config.runtime.frozen_precision is None or _SPLIT not in measured.evaluated:
        return None
    result = result_of(context.run, context.plan.phases[-1]) or {}
    trained = (result.get("best") or {}).get(_LOSS)
    if trained is None or is_discarded(result):
        return None
    exact = measured.session.task.summarise(measured.evaluated[_SPLIT].measured)["loss"]
    return {"validation_loss": trained, "validation_loss_float32": exact}


def describe_difference(found: dict[str, Any]) -> str:
    """Return a sentence on what `compare_precisions` returned."""
    lowered, exact = found.values()
    return (
        f"the validation loss is {exact:.4f} with a frozen part in float32, as it is saved, and was {lowered:.4f} in "
        f"bfloat16 ({exact - lowered:+.4f})"
    )
