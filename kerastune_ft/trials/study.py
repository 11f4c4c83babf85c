"""Proposals of values for trials, by Optuna: asked for one by one, told what came of each, kept in a journal.

A sampler is made anew for every trial, with a seed that follows from the search's seed and the trial's number, so that
a search that was killed proposes what it would have proposed. [Akiba et al., Optuna, KDD 2019; TPE: Bergstra et al.,
Algorithms for hyper-parameter optimization, NeurIPS 2011.]
"""

from __future__ import annotations

import hashlib
import itertools
import json
import math
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kerastune_ft.errors import ConfigError
from kerastune_ft.trials.dimensions import Dimension, Range
from kerastune_ft.trials.journal import Journal

JOURNAL = "journal.jsonl"
GRID = "grid"
SAMPLERS = ("tpe", "random", GRID)
COMPLETE, PRUNED, FAILED, RUNNING = "complete", "pruned", "failed", "running"
_FOR_IMPORTANCE = 4


def require_optuna() -> Any:
    """Import Optuna and return it; raises ConfigError, with what to install, where it is not there."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import optuna
    except ImportError as error:
        raise ConfigError(
            'a search needs Optuna, which is not installed: python -m pip install "kerastune_ft[search]", '
            'or python -m pip install "optuna>=4.5"'
        ) from error
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    return optuna


def check_sampler(sampler: str, dimensions: Sequence[Dimension]) -> None:
    """Raise ConfigError for a grid over a range that has no steps."""
    if sampler != GRID:
        return
    endless = [dimension.key for dimension in dimensions if dimension.list_values() is None]
    if endless:
        raise ConfigError(
            f"a grid tries every value, and there is no end to those of {', '.join(endless)}; list the values, or give "
            'a "step", or take --sampler tpe or random'
        )


def count_combinations(dimensions: Sequence[Dimension]) -> int:
    """Return the number of combinations of values; 0 where there is no end to those of a range."""
    return math.prod(len(dimension.list_values() or ()) for dimension in dimensions)


@dataclass(frozen=True)
class Proposal:
    """A trial that was asked for: its number, from 0, and the values by key."""

    number: int
    values: Mapping[str, Any]
    _trial: Any


class Study:
    """Asks for trials and is told their outcome; everything is in the journal of a folder at once."""

    def __init__(
        self, folder: Path, dimensions: Sequence[Dimension], sampler: str, seed: int, maximise: bool, name: str
    ) -> None:
        """`folder` is where the journal is, or will be."""
        self._optuna = require_optuna()
        self._dimensions, self._sampler, self._seed = dimensions, sampler, seed
        self._journal = Journal(self._optuna, folder / JOURNAL)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            self._study = self._optuna.create_study(
                study_name=name,
                storage=self._optuna.storages.JournalStorage(self._journal),
                direction="maximize" if maximise else "minimize",
                load_if_exists=True,
            )
        self._distributions = {each.key: self._distribute(each) for each in dimensions}

    @property
    def outcomes(self) -> int:
        """Return the number of trials whose outcome was told."""
        return sum(each.state.is_finished() for each in self._study.trials)

    def ask(self, start: Mapping[str, Any] | None = None) -> Proposal | None:
        """Return the trial that was begun and not ended, or the next; None where a grid has no more.

        `start` are the values of the first trial, which are otherwise proposed like all.
        """
        states = self._optuna.trial.TrialState
        with warnings.catch_warnings(), self._journal.step():
            warnings.simplefilter("ignore")
            begun = [each for each in self._study.trials if each.state == states.RUNNING]
            number = begun[0].number if begun else len(self._study.trials)
            waits = any(each.state == states.WAITING for each in self._study.trials)
            self._study.sampler = self._make_sampler(number - 1 if waits and not begun else number)
            if begun:
                # Killed within asking it lacks values; they are drawn as they would have been.
                trial = self._optuna.trial.Trial(self._study, begun[0]._trial_id)
                for key, distribution in self._distributions.items():
                    trial._suggest(key, distribution)
            else:
                if not waits and not self._enqueue(number, start):
                    return None
                trial = self._study.ask(self._distributions)
        return Proposal(trial.number, self._decode(trial.params), trial)

    def _enqueue(self, number: int, start: Mapping[str, Any] | None) -> bool:
        """Fix the values of the next trial where the sampler does not choose them; return False after the last."""
        if self._sampler == GRID:
            grid = itertools.product(*(dimension.list_values() or () for dimension in self._dimensions))
            values = next(itertools.islice(grid, number, None), None)
            if values is None:
                return False
            start = dict(zip([dimension.key for dimension in self._dimensions], values, strict=True))
        elif number:
            start = None
        if start is not None:
            self._study.enqueue_trial({key: _write_value(self._of(key), value) for key, value in start.items()})
        return True

    def tell(self, proposal: Proposal, state: str, value: float | None, curve: Sequence[float] = ()) -> None:
        """Write how a trial ended; `curve` are its values by epoch."""
        states = self._optuna.trial.TrialState
        known = {COMPLETE: states.COMPLETE, PRUNED: states.PRUNED, FAILED: states.FAIL}
        with warnings.catch_warnings(), self._journal.step():
            warnings.simplefilter("ignore")
            for step, each in enumerate(curve):
                if math.isfinite(each):
                    proposal._trial.report(each, step)
            self._study.tell(proposal._trial, value if state == COMPLETE else None, known[state])

    def find_importances(self) -> dict[str, float]:
        """Return the share of each key in what decides the value, from the most to the least; nothing of few trials.

        Watanabe et al., PED-ANOVA, IJCAI 2023.
        """
        done = [each for each in self._study.trials if each.state == self._optuna.trial.TrialState.COMPLETE]
        if len(done) < _FOR_IMPORTANCE or len({each.value for each in done}) < 2:
            return {}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                found = self._optuna.importance.get_param_importances(self._study)
            except (ValueError, RuntimeError):
                return {}
        return {key: float(share) for key, share in found.items()}

    def _make_sampler(self, number: int) -> Any:
        digest = hashlib.sha256(f"{self._seed}/{number}".encode()).digest()
        seed = int.from_bytes(digest[:4], "little")
        samplers = self._optuna.samplers
        if self._sampler == "tpe":
            return samplers.TPESampler(seed=seed, multivariate=True, constant_liar=False)
        return samplers.RandomSampler(seed=seed)

    def _distribute(self, dimension: Dimension) -> Any:
        kinds = self._optuna.distributions
        if not isinstance(dimension, Range):
            return kinds.CategoricalDistribution([_write_value(dimension, value) for value in dimension.values])
        if dimension.is_whole:
            step = int(dimension.step or 1)
            return kinds.IntDistribution(int(dimension.low), int(dimension.high), dimension.log, step)
        return kinds.FloatDistribution(dimension.low, dimension.high, dimension.log, dimension.step)

    def _of(self, key: str) -> Dimension:
        return next(dimension for dimension in self._dimensions if dimension.key == key)

    def _decode(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """Return the values of the space that Optuna's values stand for, in the order of the space."""
        found: dict[str, Any] = {}
        for dimension in self._dimensions:
            value = params[dimension.key]
            if isinstance(dimension, Range):
                value = dimension.snap(value)
            else:
                value = next(each for each in dimension.values if _write_value(dimension, each) == value)
            found[dimension.key] = value
        return found


def _write_value(dimension: Dimension, value: Any) -> Any:
    """Return a value as Optuna takes it: objects and lists of choices as text."""
    return value if isinstance(dimension, Range) else json.dumps(value, sort_keys=True)
