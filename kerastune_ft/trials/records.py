"""What is known of a trial, as its file in the search's directory has it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from kerastune_ft.errors import ConfigError, DataError, DivergedError, KerasTuneError, ResourceError
from kerastune_ft.training.phase.state import round_monitor
from kerastune_ft.trials.pruning import Point
from kerastune_ft.trials.study import COMPLETE, FAILED


@dataclass(frozen=True)
class TrialRecord:
    """A trial that ended: its values, what came of them, and what it cost."""

    number: int
    values: Mapping[str, Any]
    """The values by key of the space."""
    state: str
    """`complete`, `pruned` or `failed`."""
    value: float | None = None
    """The metric that is searched for; None where the trial failed or was pruned."""
    metrics: Mapping[str, float] = field(default_factory=dict)
    """The metrics of validation at the best epoch of the last phase; their means where it is measured by folds."""
    curve: tuple[Point, ...] = ()
    """The metric by epoch, over all phases; by fold where it is measured so."""
    deviation: float | None = None
    """The standard deviation of the metric over folds."""
    reason: str = ""
    """Why it failed or was pruned."""
    error: str = ""
    """The name of the error it failed with."""
    forked: int = 0
    """Phases that an earlier trial had trained."""
    same_as: int | None = None
    """The number of the earlier trial with the same configuration, of which all is taken."""
    seconds: float = 0.0
    cpu_seconds: float = 0.0
    pinned: Mapping[str, Any] | None = None
    """What `runtime.pinned` of its configuration holds."""

    def to_json(self) -> dict[str, Any]:
        """Return the record as a JSON object."""
        return {**asdict(self), "curve": [list(point) for point in self.curve]}

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> TrialRecord:
        """Return the record that `to_json` described; keys that it lacks or has besides are of other versions."""
        known = {key: document[key] for key in cls.__dataclass_fields__ if key in document}
        return cls(**{**known, "curve": tuple(Point(*point) for point in document.get("curve", ()))})


def find_best(records: Sequence[TrialRecord], maximise: bool) -> TrialRecord | None:
    """Return the trial with the best value, compared in six digits; of equals the earlier. None where none ended."""
    done = [record for record in records if record.state == COMPLETE and record.value is not None]
    sign = -1.0 if maximise else 1.0
    return min(done, key=lambda record: (sign * round_monitor(record.value or 0.0), record.number), default=None)


def trace_best(records: Sequence[TrialRecord], maximise: bool) -> list[float | None]:
    """Return for each trial the best value up to it."""
    found: list[float | None] = []
    for record in records:
        before = found[-1] if found else None
        values = [each for each in (before, record.value if record.state == COMPLETE else None) if each is not None]
        found.append((max if maximise else min)(values) if values else None)
    return found


_ERRORS = {each.__name__: each for each in (ConfigError, DataError, DivergedError, ResourceError)}
_REASONS_SHOWN = 5


def find_error(records: Sequence[TrialRecord]) -> KerasTuneError | None:
    """Return the error of a search of which no trial ended well, of the kind that most failed with; else None."""
    failed = [record for record in records if record.state == FAILED]
    if not failed or len(failed) < len(records):
        return None
    reasons = Counter(record.reason for record in failed).most_common(_REASONS_SHOWN)
    kind = Counter(record.error for record in failed).most_common(1)[0][0]
    said = "\n".join(f"  {count} of {len(failed)}: {reason}" for reason, count in reasons)
    return _ERRORS.get(kind, ConfigError)(f"no trial ended well; give other ranges:\n{said}")
