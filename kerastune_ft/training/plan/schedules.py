"""Learning rates: a policy becomes a table with the rate of every step, the same on the host and in the graph."""

from __future__ import annotations

import numpy as np

from kerastune_ft.config.options.updates.rates import ONE_CYCLE, RatePolicy
from kerastune_ft.rules import NEWEST, Rules

_ONE_CYCLE_WARMUP = 0.3
_FLAT_SHARE = 0.72
_EXPONENTIAL_FINAL = 0.01


def rate_table(policy: RatePolicy, steps: int, rules: Rules = NEWEST) -> np.ndarray:
    """Return the learning rate of every step of a phase, float32 of shape [steps].

    Warm-up rises linearly over its share of the steps and never starts at zero, or with `start` from that rate, for
    `one_cycle` as a cosine; then comes one step at the peak. From
    there, with t from 0 at the peak to 1 at the last step: `constant`; `cosine`, `linear` and `exponential` fall to
    `final`; `one_cycle` (Smith, 2018, with cosine annealing) warms up over 30 % unless `warmup` is given and falls to
    `final`; `flat_cosine` stays at the peak for 72 % of the steps and falls as a cosine. Where no `final` is given
    `exponential` falls to a hundredth of the peak, and the others so that the step after the last would have 0: a last
    step that changes nothing would be lost.
    """
    warmup, t = _divide(policy, steps, rules)
    return np.concatenate([_rising(policy, warmup), _falling(policy, t)]).astype(np.float32)


def momentum_table(policy: RatePolicy, steps: int, rules: Rules = NEWEST) -> np.ndarray | None:
    """Return the momentum of every step of a phase, float32 of shape [steps]; None where it does not follow the rate.

    It goes from its first value to its second while the rate rises, and to its third while the rate falls, each time as
    a cosine (Smith, 2018, with the cosines of fastai).
    """
    if policy.momentum is None:
        return None
    first, peak, last = policy.momentum
    warmup, t = _divide(policy, steps, rules)
    rising = np.arange(warmup) / max(1, warmup)
    both = (peak + (first - peak) * _fall(rising), last + (peak - last) * _fall(t))
    return np.concatenate(both).astype(np.float32)


def _fall(t: np.ndarray) -> np.ndarray:
    """Return a cosine from 1 at 0 to 0 at 1."""
    return (1 + np.cos(np.pi * t)) / 2


def _divide(policy: RatePolicy, steps: int, rules: Rules) -> tuple[int, np.ndarray]:
    """Return the steps of the warm-up, and of each later one how far it is from the peak (0) to the end (1)."""
    is_reached = rules.final_at_last_step and (policy.final is not None or policy.shape == "exponential")
    warmup = _count_warmup_steps(policy, steps, 2 if is_reached else 1)
    remaining = steps - warmup
    return warmup, np.arange(remaining) / max(1, remaining - 1 if is_reached else remaining)


def warmup_steps(policy: RatePolicy, steps: int, rules: Rules = NEWEST) -> int:
    """Return the number of steps before the peak."""
    return int(np.argmax(rate_table(policy, steps, rules)))


def _count_warmup_steps(policy: RatePolicy, steps: int, others: int) -> int:
    """Return the steps of the warm-up, which leaves `others` steps, where there are as many: peak and final rate."""
    share = policy.warmup
    if share is None:
        share = _ONE_CYCLE_WARMUP if policy.shape == ONE_CYCLE else 0.0
    return max(0, min(round(share * steps), steps - others))


def _rising(policy: RatePolicy, steps: int) -> np.ndarray:
    """Return the rates of a warm-up of so many steps."""
    if policy.start is None:
        return policy.peak * (np.arange(1, steps + 1) / (steps + 1))
    t = np.arange(steps) / max(1, steps)
    share = (1 - np.cos(np.pi * t)) / 2 if policy.shape == ONE_CYCLE else t
    return policy.start + (policy.peak - policy.start) * share


def _falling(policy: RatePolicy, t: np.ndarray) -> np.ndarray:
    peak, final = policy.peak, policy.final or 0.0
    match policy.shape:
        case "constant":
            return np.full_like(t, peak)
        case "linear":
            return peak + (final - peak) * t
        case "cosine" | "one_cycle":
            return final + (peak - final) * (1 + np.cos(np.pi * t)) / 2
        case "exponential":
            return peak * ((final or peak * _EXPONENTIAL_FINAL) / peak) ** t
        case "flat_cosine":
            late = np.clip((t - _FLAT_SHARE) / (1 - _FLAT_SHARE), 0, 1)
            return final + (peak - final) * (1 + np.cos(np.pi * late)) / 2
    raise AssertionError(policy.shape)
