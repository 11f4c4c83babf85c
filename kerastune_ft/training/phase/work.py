"""A phase under way: what it trains by, how far it is, and the best weights so far."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np

from kerastune_ft.config.options.phases import Phase
from kerastune_ft.training.checkpoint import Checkpoints
from kerastune_ft.training.features.feed import Feed
from kerastune_ft.training.phase.context import RunContext
from kerastune_ft.training.phase.prepare import Prepared
from kerastune_ft.training.phase.state import PhaseState
from kerastune_ft.training.plan.phase_plan import PhasePlan
from kerastune_ft.training.session.session import Session


@dataclass
class PhaseWork:
    """A phase under way. What must outlive the process is in `state`, or in tensors that a checkpoint holds."""

    context: RunContext
    phase: PhasePlan
    kept: tuple[str, ...]
    """The paths of all variables that this or an earlier phase trains: what the best weights hold."""
    feed: Feed
    prepared: Prepared
    checkpoints: Checkpoints
    rates: np.ndarray
    """The learning rate of every step, float32 [steps]."""
    state: PhaseState = field(default_factory=PhaseState)
    best: Mapping[str, np.ndarray] = field(default_factory=dict)
    """The variables of the best epoch so far."""
    raw: Mapping[str, np.ndarray] | None = None
    """The raw values of the variables while they hold their averages, to be measured."""
    last_written: float = -math.inf
    """When history and manifest were last written."""

    @property
    def session(self) -> Session:
        """Return the session of the run."""
        return self.context.session

    @property
    def options(self) -> Phase:
        """Return what the configuration says of the phase."""
        return self.phase.phase

    @contextlib.contextmanager
    def use_averages(self) -> Iterator[None]:
        """Within this context the variables hold their averages, where the phase has them, and afterwards the raw ones.

        A checkpoint that is written meanwhile has the raw ones.
        """
        average = self.prepared.average
        if average is None:
            yield
            return
        self.raw = self.session.values(self.phase.changing)
        self.session.assign(average.values())
        try:
            yield
        finally:
            self.session.assign(self.raw)
            self.raw = None

    def raw_values(self) -> Mapping[str, np.ndarray]:
        """Return the values of the variables that the phase changes, as training goes on from them."""
        return self.session.values(self.phase.changing) if self.raw is None else self.raw

    def measured_values(self) -> Mapping[str, np.ndarray]:
        """Return the values of these variables that validation measures: averages, where the phase averages them."""
        average = self.prepared.average
        return self.session.values(self.phase.changing) if average is None else average.values()
