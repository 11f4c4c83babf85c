"""The state of a phase under way: everything a resumed run needs besides the variables' values."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from kerastune_ft.config.options.phases import Phase
from kerastune_ft.errors import DataError
from kerastune_ft.wording import counted

SIGNIFICANT_DIGITS = 6


def round_monitor(value: float) -> float:
    """Return a monitor as decisions see it, so that replicas differing in the seventh digit decide alike."""
    return float(f"{value:.{SIGNIFICANT_DIGITS - 1}e}") if math.isfinite(value) else value


def is_better(value: float, rival: float, maximise: bool) -> bool:
    """Return whether a monitor is better than another as decisions see them; of equals none is."""
    value, rival = round_monitor(value), round_monitor(rival)
    return value > rival if maximise else value < rival


def check_monitor(phase: Phase, metrics: Mapping[str, float], examples: int) -> None:
    """Raise DataError where a phase's monitor is not defined on the validation split: no epoch would be the best."""
    if math.isnan(metrics[phase.monitor]):
        raise DataError(
            f"{phase.monitor} of phase {phase.name} is not defined on the validation split "
            f"({counted(examples, 'example')}), as R2 of one example or AUC without two kinds of labels; write another "
            "monitor, or divide the data otherwise"
        )


@dataclass
class PhaseState:
    """Position, history and decisions of a phase."""

    epoch: int = 0
    """Epochs that are finished."""
    epoch_steps: int = 0
    """Updates made in the epoch under way."""
    step: int = 0
    """Updates made in the phase."""
    sums: list[float] = field(default_factory=list)
    """Sums of the epoch under way, in float64."""
    seconds: float = 0.0
    history: list[dict[str, Any]] = field(default_factory=list)
    best_epoch: int = 0
    best_step: int = 0
    """Updates made at the end of the best epoch."""
    best: dict[str, float] = field(default_factory=dict)
    start: dict[str, float] = field(default_factory=dict)
    """What the weights before the first step measured, where the result is kept only if it is better."""
    retries: list[dict[str, Any]] = field(default_factory=list)
    """The times the phase diverged and began again at lower rates: where, at which peak, and why."""
    reference: float | None = None
    """The monitor that early stopping compares with."""
    waited: int = 0
    stopped: str | None = None
    begun: dict[str, int] = field(default_factory=dict)
    """Updates that a carried-over optimizer had made before a variable joined, by the path of the variable."""

    loss_scale: dict[str, float] = field(default_factory=dict)
    """The state of the loss scale, where the run computes in float16."""
    averaged_updates: int = 0
    """Updates that the averages of weights have taken in, where the phase averages them."""
    skipped_before: int = 0
    """Steps of finished epochs that made no update."""

    norm_sums: dict[str, Any] = field(default_factory=dict)
    """What the norms of gradients add up to in the epoch under way, where they are asked for."""
    norms: list[dict[str, Any]] = field(default_factory=list)
    """Their rows of finished epochs."""

    def to_json(self) -> dict[str, Any]:
        """Return the state as a JSON object."""
        return asdict(self)

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> PhaseState:
        """Return the state that a JSON object describes."""
        return cls(**document)

    def judge(self, monitor: str, maximise: bool, metrics: Mapping[str, float], min_delta: float) -> bool:
        """Take an epoch's validation metrics in; return whether it is the best so far (a tie keeps the earlier one)."""
        sign = -1.0 if maximise else 1.0
        value = sign * round_monitor(metrics[monitor])
        before = math.inf if not self.best else sign * round_monitor(self.best[monitor])
        if self.reference is None or value < sign * self.reference - min_delta:
            self.reference, self.waited = round_monitor(metrics[monitor]), 0
        else:
            self.waited += 1
        if value < before:
            self.best_epoch, self.best = self.epoch, dict(metrics)
            return True
        return False
