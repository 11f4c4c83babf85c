"""Which variables a phase pulls towards their pretrained values, and which keep their weight decay."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kerastune_ft.config.options.phases import Phase
from kerastune_ft.errors import ConfigError
from kerastune_ft.graph import lora
from kerastune_ft.graph.units import count
from kerastune_ft.training.session.session import Session


def find_pulled(session: Session, trained: Sequence[str]) -> list[str]:
    """Return the paths of those that have a pretrained value among what a phase trains.

    They are the backbone's that its source had a value for, adapters left out, and a kept head's.
    """
    backbone = session.backbone
    new = {variable.path for adapter in lora.adapters([session.model]) for variable in adapter.variables}
    new.update(backbone.transfer.missing)
    if not backbone.kept_head:
        new.update(variable.path for variable in session.head.variables)
    return [path for path in trained if path not in new]


def check_pull(session: Session, phase: Phase, trained: Sequence[str], place: str) -> None:
    """Raise ConfigError for a pull that has nothing to pull towards."""
    if not phase.l2_sp:
        return
    if session.backbone.transfer.source == "random":
        raise ConfigError(
            f"{place}.l2_sp: the backbone has random weights, and no pretrained ones to be pulled towards; remove it"
        )
    if not find_pulled(session, trained):
        raise ConfigError(f"{place}.l2_sp: nothing that trains in this phase has a pretrained value; remove it")


def describe_pull(session: Session, phase: Phase, trained: Sequence[str]) -> dict[str, Any]:
    """Return the pull of a phase as plan.json has it; nothing where it has none."""
    if not phase.l2_sp:
        return {}
    pulled = find_pulled(session, trained)
    parameters = sum(count(session.variables[path]) for path in pulled)
    return {"l2_sp": {"weight": phase.l2_sp, "variables": len(pulled), "parameters": parameters}}
