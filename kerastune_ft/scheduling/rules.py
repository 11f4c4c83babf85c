"""The rules that make phases of measurements: pure functions of numbers, each with the sentence that says why."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kerastune_ft.config.presets import linear_probe_then_finetune
from kerastune_ft.scaffolding.suggest.defaults import CHANGED_IMAGES, FEW_IMAGES, HEAD_ALONE, head_phase, length_for

VERSION = 7
"""Raised by one when the same measurements lead to other phases, or are made otherwise."""
RATES = (5e-5, 2e-4, 8e-4)
"""Peak rates of a phase that trains units, low to high: the usual one and its neighbours."""
USUAL = RATES[1]


@dataclass(frozen=True)
class Boundary:
    """A part of the backbone that a phase may train."""

    name: str
    unfreeze: Any
    """The value of `unfreeze`."""
    unit_decay: float
    """The factor on the rate for each unit of distance from the head."""
    augment: Any
    """The augmentation of few images: stored views where the part begins above units that stay as they are."""

    def phase(self, rate: float, **length: Any) -> dict[str, Any]:
        """Return the phase that trains this part at a peak rate."""
        policy: dict[str, Any] = {"peak": rate, "shape": "cosine", "warmup": 0.1}
        if self.unit_decay != 1.0:
            policy["unit_decay"] = self.unit_decay
        return {"name": self.name, "unfreeze": self.unfreeze, "learning_rate": policy, **length}


# As `init` has them: the part that it trains of few images, and all units at rates that fall towards the input.
TOP = Boundary("top", {"fraction": 0.3}, 1.0, CHANGED_IMAGES)
ALL = Boundary("all", "all", 0.9, "light")
TRIALS = {ALL.name: 2, TOP.name: 1}
"""The trials of a part: at the usual rate and a neighbour, and at the rate that was chosen."""


@dataclass(frozen=True)
class Facts:
    """What is known of a run before anything is measured."""

    train: int
    """Training examples."""
    can_augment: bool
    """Whether the inputs are images."""
    can_probe: bool
    """Whether the head is new, a linear function of one row of features, and trains on the task's own loss."""
    metric: str
    """The headline metric of the task; empty where there is no probe."""


@dataclass(frozen=True)
class ProbeResult:
    """What a linear probe reached at one cut."""

    cut: str
    """The first unit above the cut; `features` for what the head gets."""
    loss: float
    value: float
    """The headline metric."""
    l2: float
    losses: Sequence[float] = ()
    """The loss of every validation example."""


@dataclass(frozen=True)
class TrialResult:
    """What a short training of a part of the backbone came to from the probe's head."""

    boundary: Boundary
    rate: float
    steps: int
    loss: float
    """Infinite where it diverged."""
    value: float | None
    losses: Sequence[float] = ()
    """The loss of every validation example; empty where it diverged."""


def choose_boundaries(probes: Sequence[ProbeResult]) -> tuple[list[Boundary], str]:
    """Return the parts of the backbone that are worth a trial, in order, and why."""
    final = next((probe for probe in probes if probe.cut == "features"), None)
    if final is None:
        return [TOP], "a linear probe cannot be made of this head, so that the usual part is taken without trials"
    if len(probes) == 1:
        return [ALL, TOP], "no cut inside the backbone was probed: the top may do as well as all units"
    inner = [probe for probe in probes if probe.cut != "features" and probe.loss <= final.loss]
    if not inner:
        return [ALL, TOP], "linear probes improve up to the last features: the top may do as well as all units"
    best = min(inner, key=lambda probe: probe.loss)
    return [ALL], (
        f"features below {best.cut} serve a linear model better (loss {best.loss:.3f}) than the last ones "
        f"({final.loss:.3f}), so that the top alone is not tried"
    )


def next_rate(results: Sequence[TrialResult]) -> float | None:
    """Return the rate to try next for all units, given the trials so far; None where they are enough.

    The usual rate, then the higher, or the lower where the usual one diverged.
    """
    if len(results) == TRIALS[ALL.name]:
        return None
    return USUAL if not results else RATES[0 if math.isinf(results[0].loss) else 2]


def is_clearly_lower(losses: Sequence[float], others: Sequence[float]) -> bool:
    """Return whether losses of the same examples are lower by more than a standard error of the mean difference."""
    if not losses or len(losses) != len(others):
        return False
    gains = [other - loss for loss, other in zip(losses, others, strict=True)]
    error = statistics.stdev(gains) / math.sqrt(len(gains)) if len(gains) > 1 else math.inf
    return statistics.fmean(gains) > error


def choose_trial(results: Sequence[TrialResult]) -> TrialResult | None:
    """Return the first trial, or a later one that is clearly better; None where all diverged.

    So few examples validate that the least of several losses is low by chance in part: what is usual stays unless
    another is better by more than one standard error, as in the rule of Breiman and others (Classification and
    Regression Trees, 1984).
    """
    chosen: TrialResult | None = None
    for result in results:
        if math.isinf(result.loss):
            continue
        if chosen is None or is_clearly_lower(result.losses, chosen.losses):
            chosen = result
    return chosen


def describe_choice(best: TrialResult, results: Sequence[TrialResult]) -> str:
    """Return why a trial was chosen from all that were made, as words."""
    usual = results[0]
    if best is usual:
        return "nothing else that was tried is clearly better"
    return "as usual it diverged" if math.isinf(usual.loss) else "clearly better than as usual"


def head_by_solver(l2: float) -> dict[str, Any]:
    """Return the phase that sets the head to its optimum at an L2 strength, as LP-FT has it."""
    return {**linear_probe_then_finetune(l2=l2)[0], "name": "head"}


def head_by_steps(train: int) -> dict[str, Any]:
    """Return the phase that trains a head that no solver sets, as `init` proposes it."""
    written = head_phase(train)
    length = length_for(train)
    return {
        **{key: value for key, value in written.items() if not key.startswith("//")},
        "early_stopping": {"patience": length.head_patience},
        "batch_size": length.batch_size,
    }


def later_phase(facts: Facts, boundary: Boundary, rate: float) -> dict[str, Any]:
    """Return the phase that trains a part of the backbone."""
    length = length_for(facts.train)
    phase = boundary.phase(
        rate,
        epochs=length.later_epochs,
        batch_size=length.batch_size,
        early_stopping={"patience": length.later_patience},
        keep_if_better=True,
    )
    if _has_few_images(facts):
        phase["augment"] = boundary.augment
    return phase


def _has_few_images(facts: Facts) -> bool:
    return facts.can_augment and facts.train < FEW_IMAGES


def describe_later(facts: Facts, phase: Mapping[str, Any]) -> list[str]:
    """Return why a later phase is as it is; `phase` has every key, also those that the configuration sets."""
    stops, name = phase["early_stopping"], phase["name"]
    ends = f", ended after {stops['patience']} without a better {phase['monitor']}" if stops else ""
    dropped = "; dropped where none is better than what it begins with" if phase["keep_if_better"] else ""
    reasons = [
        f"{name}: at most {phase['epochs']} epochs in batches of {phase['batch_size']}{ends}, for {facts.train:,} "
        f"training examples{dropped}"
    ]
    if _has_few_images(facts) and phase["augment"]["preset"] == "light":
        reasons.append(f"{name}: images are changed lightly, since there are few")
    return reasons


def short_phase(facts: Facts, trial: TrialResult) -> dict[str, Any]:
    """Return the phase that a trial was, to be made again in the run."""
    length = length_for(facts.train)
    return {
        **trial.boundary.phase(trial.rate, steps=trial.steps, batch_size=length.batch_size, keep_if_better=True),
        "name": f"{trial.boundary.name}_short",
    }


def gentle_phase(facts: Facts, boundary: Boundary) -> dict[str, Any]:
    """Return a second phase of a part, at the lowest rate."""
    return {**later_phase(facts, boundary, RATES[0]), "name": f"{boundary.name}_gently"}


def is_tiny(facts: Facts) -> bool:
    """Return whether the examples are too few to train more than the head without a sign that it helps."""
    return facts.train < HEAD_ALONE


def describe_probes(facts: Facts, probes: Sequence[ProbeResult]) -> list[str]:
    """Return a line for each cut that was probed."""
    return [
        f"linear probe {'of what the head gets' if probe.cut == 'features' else f'below {probe.cut}'}: "
        f"{facts.metric} {probe.value:.4f}, loss {probe.loss:.4f} on validation"
        for probe in probes
    ]


def describe_trial(result: TrialResult, head: float, metric: str) -> str:
    """Return the line on a trial; `head` is the loss of the probe's head, from which it began."""
    trial = f"trial of {result.boundary.name} at {result.rate:g}, {result.steps} steps"
    if math.isinf(result.loss):
        return f"{trial}: it diverged"
    value = "" if result.value is None else f", {metric} {result.value:.4f}"
    return f"{trial}: loss {result.loss:.4f}{value} on validation (the head alone: {head:.4f})"
