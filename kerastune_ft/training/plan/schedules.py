"""Learning rates: a policy becomes a table with the rate of every step, the same on the host and in the graph."""

from __future__ import annotations

import numpy as np

from kerastune_ft.config.options.rates import RatePolicy

_ONE_CYCLE_WARMUP = 0.3
_FLAT_SHARE = 0.72
_EXPONENTIAL_FINAL = 0.01


def rate_table(policy: RatePolicy, steps: int) -> np.ndarray:
    """Return the learning rate of every step of a phase, float32 of shape [steps].

    Warm-up rises linearly over its share of the steps and never starts at zero. Then, with t from 0 to 1 over the rest:
    `constant`; `cosine` and `linear` fall to `final` (0 unless given); `exponential` falls to `final` (a hundredth of
    the peak); `one_cycle` (Smith, 2018, with cosine annealing) warms up over 30 % unless `warmup` is given and falls to
    `final`; `flat_cosine` stays at the peak for 72 % of the steps and falls as a cosine.
    """
    warmup_share = policy.warmup or (_ONE_CYCLE_WARMUP if policy.shape == "one_cycle" else 0.0)
    warmup = min(round(warmup_share * steps), steps - 1)
    rising = np.arange(1, warmup + 1) / (warmup + 1)
    remaining = steps - warmup
    t = np.arange(remaining) / max(1, remaining)
    return np.concatenate([policy.peak * rising, _falling(policy, t)]).astype(np.float32)


def warmup_steps(policy: RatePolicy, steps: int) -> int:
    """Return the number of steps before the peak."""
    return int(np.argmax(rate_table(policy, steps)))


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
