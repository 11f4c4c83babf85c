"""What a trained model gave on the splits of its run, before anything of it is written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from kerastune_ft.metrics.document import FIRST, FIRST_PREDICTIONS
from kerastune_ft.rundir import RunDirectory
from kerastune_ft.training.evaluation import final
from kerastune_ft.training.evaluation.unknown import FoundUnknown
from kerastune_ft.training.phase.evaluate import Evaluated
from kerastune_ft.training.session.session import Session


@dataclass(frozen=True)
class Measured:
    """What a trained model gave on the splits of its run."""

    session: Session
    """The session in float32 that measured it; its variables may have other values since."""
    evaluated: Mapping[str, Evaluated]
    unknown: FoundUnknown | None = None

    def with_validation_of(self, first: Measured) -> Measured:
        """Return the same with what another model gave on validation: that which had not been trained on it."""
        evaluated = {**self.evaluated, "validation": first.evaluated["validation"]}
        unknown = self.unknown
        if unknown is not None and first.unknown is not None:
            distances = {**unknown.distances, "validation": first.unknown.distances["validation"]}
            unknown = replace(unknown, distances=distances)
        return replace(self, evaluated=evaluated, unknown=unknown)


def write_first(run: RunDirectory, first: Measured) -> None:
    """Write the figures and the predictions of the model before a refit, after thresholds were chosen by them."""
    tested = {split: each for split, each in first.evaluated.items() if split == "test"}
    document: dict[str, Any] = {
        "metrics": final.metrics_of(first.session, tested),
        "intervals": {split: final.intervals_of(first.session, each) for split, each in tested.items()},
    }
    rows = final.prediction_rows(first.session, tested, first.unknown)
    if not first.session.config.output.examples:
        rows = [{**row, "input": number} for number, row in enumerate(rows)]
    if rows:
        run.commit_csv(FIRST_PREDICTIONS, list(rows[0]), rows)
    run.commit_json(FIRST, document)
