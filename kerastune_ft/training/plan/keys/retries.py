"""The plan of a phase that begins again after it diverged."""

from __future__ import annotations

from dataclasses import replace

from kerastune_ft.training.plan.phase_plan import PhasePlan


def lower_rates(plan: PhasePlan, retries: int) -> PhasePlan:
    """Return the plan of a phase as it trains after so many times of beginning again: all rates times the factor."""
    if plan.phase.on_divergence is None or not retries:
        return plan
    factor = plan.phase.on_divergence.factor**retries
    policy = plan.phase.rate_policy
    rates = {key: getattr(policy, key) for key in ("peak", "start", "final", "head")}
    lower = policy.model_copy(update={key: rate * factor for key, rate in rates.items() if rate is not None})
    return replace(plan, phase=plan.phase.model_copy(update={"learning_rate": lower}))
