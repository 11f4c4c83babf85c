"""The cost of measurements before they are made, in the seconds that plans estimate: sums of operations, no clock."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import keras

from kerastune_ft.graph import costs
from kerastune_ft.training.plan.feature_usage import flops_rate, mean_length
from kerastune_ft.training.plan.phase_plan import Plan
from kerastune_ft.training.session.session import Session

SHARE = 1 / 2
"""The share of the usual schedule up to which measurements are made: a third of both together."""
FEWEST_STEPS = 20
"""With fewer steps, and less than an epoch, a trial tells too little to choose by."""
# A trial is short beside the phase that it is for, which has up to 15 epochs.
_MOST_EPOCHS = 4


@dataclass(frozen=True)
class TrialCost:
    """What trials of one part of the backbone cost."""

    filling: float
    """Seconds before the first step: features of the frozen part, computed once."""
    step: float
    """Seconds of an update."""
    measuring: float
    """Seconds of a pass over the validation examples."""

    def seconds(self, steps: int, trials: int) -> float:
        """Return the seconds of some trials of so many steps each."""
        return self.filling + trials * (steps * self.step + self.measuring)


def cost_of(session: Session, plan: Plan) -> TrialCost:
    """Return what trials of the only phase of a plan cost."""
    (phase,) = plan.phases
    rate, _ = flops_rate(session.devices)

    def seconds(*models: keras.Model) -> float:
        return sum(costs.forward_flops(model, mean_length(session)) for model in models) / rate

    measured = phase.cut_at(None)
    sizes = {split: len(session.examples.splits[split]) for split in ("train", "validation")}
    return TrialCost(
        filling=sizes["train"] * seconds(*(stage.model for stage in phase.stages))
        + sizes["validation"] * seconds(*(stage.model for stage in measured.stages)),
        step=3 * seconds(phase.partition.tail) * phase.update_batch,
        measuring=sizes["validation"] * seconds(measured.partition.tail),
    )


def schedule_seconds(plan: Plan) -> float:
    """Return the estimated seconds of all phases of a plan."""
    return float(sum(phase["estimate"]["seconds"] for phase in plan.document["phases"]))


def trial_steps(left: float, costs_by_part: Mapping[str, TrialCost], trials: Mapping[str, int], epoch: int) -> int:
    """Return the steps of each trial if so many are made of every part in the seconds left; 0 if that is too few.

    `epoch` is the steps of an epoch: no trial takes more than four.
    """
    fixed = sum(cost.seconds(0, trials[part]) for part, cost in costs_by_part.items())
    by_step = sum(trials[part] * cost.step for part, cost in costs_by_part.items())
    steps = int((left - fixed) / by_step) if by_step > 0 else 0
    steps = min(steps, _MOST_EPOCHS * epoch)
    return steps if steps >= min(FEWEST_STEPS, epoch) and steps > 0 else 0
