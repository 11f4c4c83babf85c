"""Checks of a phase's `batch_norm`: whether it has an effect, and notes where moments would be poor."""

from __future__ import annotations

import math
from collections.abc import Sequence

import keras

from kerastune_ft.config.options.phases import Phase
from kerastune_ft.errors import ConfigError
from kerastune_ft.graph.boundary import Selection
from kerastune_ft.graph.normalisation import batch_norms, gamma_and_beta
from kerastune_ft.graph.units import Unit
from kerastune_ft.wording import counted

# Moments of fewer examples differ much from batch to batch.
_FEW = 8
# A larger share of the statistics a phase began with makes validation differ visibly from training.
_MUCH = 0.05


def layers(units: Sequence[Unit], selection: Selection) -> list[keras.layers.BatchNormalization]:
    """Return the BatchNorm layers of the units that train."""
    held = (layer for unit in units if unit.id in selection.units for layer in unit.layers)
    return [norm for layer in held for norm in batch_norms(layer)]


def check(units: Sequence[Unit], selection: Selection, batch_norm: str, place: str) -> None:
    """Raise ConfigError where the key has no effect; `place` names it in messages."""
    if batch_norm == "frozen":
        return
    norms = layers(units, selection)
    if not norms:
        raise ConfigError(
            f'{place}: "{batch_norm}" has no effect, since no unit that trains ({", ".join(selection.units)}) holds a '
            "BatchNorm layer; remove it"
        )
    if batch_norm == "train" and not selection.variables & frozenset().union(*map(gamma_and_beta, norms)):
        raise ConfigError(
            f'{place}: "train" would train no gamma or beta, since unfreeze matches none of them; write "statistics", '
            f'or add "{norms[0].name}/*" to it'
        )


def notes(
    phase: Phase, norms: Sequence[keras.layers.BatchNormalization], batch_size: int, steps: int, examples: int
) -> list[str]:
    """Return notes for a phase that updates statistics: too few examples per batch, or too few batches."""
    if phase.batch_norm == "frozen":
        return []
    found = []
    micro_batches = phase.update_size // phase.batch_size
    moments = f"phase {phase.name}: BatchNorm layers take moments (batch_norm {phase.batch_norm}) of"
    last = examples % batch_size
    if batch_size < _FEW:
        larger = "" if batch_size >= examples else "a larger batch_size, or "
        held = counted(batch_size, "example")
        found.append(f'{moments} {held}, too few for steady ones; give {larger}"frozen"')
    elif 0 < last < _FEW:
        ending = "one example" if last == 1 else f"{last} examples"
        found.append(f"{moments} {ending} at the end of every epoch; a batch_size that leaves more there suits better")
    momentum = max(norm.momentum for norm in norms)
    epochs, more = divmod(steps, math.ceil(examples / (batch_size * micro_batches)))
    # Batches of padding alone, where `accumulate` does not divide, take no moments.
    batches = epochs * math.ceil(examples / batch_size) + more * micro_batches
    rest = momentum**batches
    if rest > _MUCH:
        described = "one batch" if batches == 1 else f"{batches} batches"
        found.append(
            f"phase {phase.name}: after its {described} the moving statistics, which validation "
            f"and the final model use, still are {100 * rest:.0f} % those it began with (momentum {momentum:g}), while "
            'training uses those of each batch; validation lags behind until then: train longer, or give "frozen"'
        )
    return found
