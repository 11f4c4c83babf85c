"""The figures of a finished run that the rules of findings read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from kerastune_ft.reporting.metric_names import find_headline
from kerastune_ft.reporting.quantities import is_number


@dataclass(frozen=True)
class Finding:
    """A sentence about a run, and what to try next."""

    name: str
    """The rule that found it."""
    level: str
    """`good`, `hint` (there is something to gain) or `warning` (figures or model are worse than they could be)."""
    text: str
    advice: str = ""
    """What to try next; empty where there is nothing to do."""
    overrides: tuple[str, ...] = ()
    """What the advice adds to the run's command with `--set`, as `phases.top.epochs=20`."""

    def to_json(self) -> dict[str, Any]:
        """Return the finding as a JSON object, with the overrides as `set`."""
        own = {"name": self.name, "level": self.level, "text": self.text, "advice": self.advice}
        return {**own, "set": list(self.overrides)}


@dataclass(frozen=True)
class Evidence:
    """The files of a run that findings follow from; each may be empty, as in runs of earlier versions."""

    config: Mapping[str, Any]
    plan: Mapping[str, Any]
    phases: Sequence[Mapping[str, Any]]
    """The results of the finished phases whose weights were kept, as the manifest has them."""
    history: Sequence[Mapping[str, Any]]
    metrics: Mapping[str, Mapping[str, Any]]
    constant: Mapping[str, Mapping[str, Any]]
    intervals: Mapping[str, Mapping[str, Sequence[float]]]
    examples: Mapping[str, int]
    classes: Mapping[str, Mapping[str, Any]]
    """The figures of every class on the test split."""
    discarded: Sequence[Mapping[str, Any]] = ()
    """The results of the finished phases that were no better than what they began with, and so were not kept."""
    better_phase: str | None = None
    """An earlier phase with a better epoch than the final model."""
    noise: Mapping[str, float] = field(default_factory=dict)
    """By metric of validation the difference that may be chance."""

    @property
    def headline(self) -> str | None:
        """The metric to judge by, without its split; None where it was not measured on the test split."""
        measured = [f"test_{name}" for name, value in (self.metrics.get("test") or {}).items() if is_number(value)]
        found = find_headline(measured, "test")
        return found.removeprefix("test_") if found else None

    @property
    def own_directions(self) -> dict[str, str]:
        """Return which way the user's own metrics are better, `min` or `max`, by name."""
        metrics = (self.config.get("python") or {}).get("metrics") or {}
        return {name: each["direction"] for name, each in metrics.items()}

    @property
    def last(self) -> Mapping[str, Any]:
        """Return the result of the last phase, of which the model is; empty where none is finished."""
        return self.phases[-1] if self.phases else {}

    def rows(self, phase: str) -> list[Mapping[str, Any]]:
        """Return the epochs of a phase."""
        return [row for row in self.history if row["phase"] == phase]

    def row_of(self, result: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the best epoch of a phase; empty where the history lacks it."""
        rows = self.rows(result["name"])
        return next((row for row in rows if row["epoch"] == result.get("best_epoch")), {})

    def plan_of(self, phase: str) -> Mapping[str, Any]:
        """Return the plan of a phase."""
        return next((each for each in self.plan.get("phases") or () if each.get("name") == phase), {})

    def setting(self, phase: str, key: str) -> Any:
        """Return an option of a phase as it is in the configuration."""
        return next((each.get(key) for each in self.config.get("phases") or () if each.get("name") == phase), None)

    def value(self, split: str, metric: str) -> float | None:
        """Return a metric of a split, None where it is not known."""
        return read_number((self.metrics.get(split) or {}).get(metric))

    def rival(self, metric: str) -> float | None:
        """Return what the best constant predictor has of a metric on the test split, None where it is not known."""
        return read_number((self.constant.get("test") or {}).get(metric))

    def interval(self, metric: str) -> tuple[float, float] | None:
        """Return the interval of a metric on the test split."""
        ends = (self.intervals.get("test") or {}).get(metric)
        return (ends[0], ends[1]) if ends else None


def read_number(value: Any) -> float | None:
    """Return a finite number, and None for everything else."""
    return float(value) if is_number(value) else None
