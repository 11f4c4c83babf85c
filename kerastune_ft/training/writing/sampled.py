"""For which metrics answers are generated in an evaluation, and for how many examples of a split."""

from __future__ import annotations

import functools
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from kerastune_ft.config.options.task_facts import facts
from kerastune_ft.errors import ConfigError
from kerastune_ft.tasks.base import Measured
from kerastune_ft.training.session.session import Session
from kerastune_ft.training.watch import Watcher
from kerastune_ft.training.writing.answerers import find_kind
from kerastune_ft.training.writing.answers import add_answers, require_kind

# What is measured where a user asks for a sample, by the kind of answers.
_USUAL = {
    "language": ("rouge_1", "rouge_2", "rouge_l", "exact_match"),
    "pair": ("rouge_1", "rouge_2", "rouge_l", "exact_match"),
    "speech": ("word_error_rate", "character_error_rate"),
}


@dataclass(frozen=True)
class Sampled:
    """The metrics that need answers, and the number of examples that get them."""

    metrics: tuple[str, ...]
    count: int | None
    """None for all."""

    @classmethod
    def of(cls, session: Session) -> Sampled:
        """Return what the configuration of a run asks for."""
        task: Any = session.config.task
        known = facts(task)
        names = tuple(name for name, each in known.metrics.items() if each.generated)
        return cls(names, task.generate.examples if known.writes else None)

    @classmethod
    def choose(cls, session: Session, count: int | None) -> Sampled:
        """Return what a user asks for, who may want another number of examples than the run measured.

        The usual metrics are then measured, also where the run has none. Raises ConfigError for a model that writes no
        answers.
        """
        own = cls.of(session)
        if count is None:
            return own
        kind = find_kind(session)
        if kind is None:
            raise ConfigError(f"--sample: the model of {session.config.name} answers nothing here; leave it out")
        return cls(tuple(dict.fromkeys((*own.metrics, *_USUAL[kind]))), count)

    def check(self, session: Session) -> None:
        """Raise ConfigError where metrics need answers and there are none, before anything is trained."""
        if self.metrics:
            require_kind(session, self.metrics)

    def keep(self, metric: str) -> Sampled:
        """Return the same for this metric alone, where it is among them."""
        return replace(self, metrics=tuple(name for name in self.metrics if name == metric))

    def add_to(self, session: Session, indices: np.ndarray, measured: Measured, place: str, watch: Watcher) -> Measured:
        """Return what was measured of examples, which are called `place`, with answers where metrics need them."""
        if not self.metrics:
            return measured
        progress = functools.partial(watch.work, f"answering {place}")
        if self.count is not None and self.count < len(indices):
            watch.note(f"{', '.join(self.metrics)}: of answers to {self.count} of {len(indices)} examples of {place}")
        return {**measured, **add_answers(session, indices, self.metrics, self.count, progress)}
