"""What a plan says of early stopping that can stop nothing."""

from __future__ import annotations

from kerastune_ft.config.options.phases import Phase
from kerastune_ft.wording import counted


def notes(phase: Phase, epochs: int) -> list[str]:
    """Return a note where a phase is over before its patience can be, so that early stopping changes nothing.

    The first epoch is always an improvement.
    """
    stopping = phase.early_stopping
    if stopping is None or (earliest := 1 + stopping.patience) < epochs:
        return []
    return [
        f"phase {phase.name}: early_stopping changes nothing: with a patience of {stopping.patience} it ends no phase "
        f"before its epoch {earliest}, and this one has {counted(epochs, 'epoch')}"
    ]
