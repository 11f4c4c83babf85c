"""The comparison of an export with its run on real samples, and what it must hold."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from kerastune_ft.data.labels.scheme import LabelScheme
from kerastune_ft.errors import DataError, PromiseError
from kerastune_ft.exporting.answers.base import Compared, Samples, load_comparison
from kerastune_ft.exporting.answers.unknown import DISTANCES, compare_distances, count_unknown
from kerastune_ft.exporting.process import ExportProcess
from kerastune_ft.wording import counted, lines

Rows = Sequence[Mapping[str, Any]]
_MASKS = "--output"
_FEWEST, _MOST, _GRAPHS = 0.2, 1.9, 16_000_000


def compare_answers(
    process: ExportProcess,
    given: Sequence[str],
    rows: Rows,
    samples: Samples,
    scheme: LabelScheme,
    has_masks: bool,
    is_smaller: bool = False,
) -> Compared:
    """Return how the answers of an export, in a process of its own, compare with the run's rows for the same inputs.

    `given` is what its predict.py takes for them on the command line.

    Raises DataError where the run cannot read a sample, and PromiseError where the export cannot, or where its
    distances to the training examples are others and it `is_smaller` not, with weights of fewer digits.
    """
    _refuse_errors(rows, samples, "the run", DataError)
    with tempfile.TemporaryDirectory() as folder:
        arguments = [*([_MASKS, folder] if has_masks else []), *given]
        answers = process.answer(arguments, Path(folder))
        if len(answers) != len(rows):
            raise PromiseError(f"the export answered {len(answers)} of {len(rows)} samples; it was not written")
        _refuse_errors(answers, samples, "the export", PromiseError)
        compared = load_comparison(scheme.kind).compare(scheme, samples, rows, answers)
        distance = compare_distances(samples, rows, answers, math.inf if is_smaller else DISTANCES)
        return replace(compared, distance=distance, unknown=count_unknown(rows, answers))


def _refuse_errors(found: Rows, samples: Samples, whose: str, kind: type[DataError] | type[PromiseError]) -> None:
    bad = [(name, str(each["error"])) for name, each in zip(samples.names, found, strict=True) if each.get("error")]
    if bad:
        raise kind(f"{whose} cannot read {len(bad)} of {counted(len(found), 'sample')}:\n{lines(bad)}")


def refuse_difference(compared: Compared, samples: Samples, tolerance: float) -> None:
    """Raise PromiseError where answers differ by more than the tolerance, or labels where answers are not as close."""
    if not compared.largest <= tolerance:
        place = int(compared.differences.argmax())
        raise PromiseError(
            f"the export answers otherwise than the run: by up to {compared.largest:.2g} {compared.unit} (on "
            f"{samples.names[place]}), and at most {tolerance:g} is allowed; nothing was written"
        )
    if wrong := [flip for flip in compared.flips or () if not flip.gap <= tolerance]:
        told = [(flip.sample, f"{flip.run} by the run, {flip.export} by the export") for flip in wrong]
        what = compared.flip.format(tolerance=tolerance)
        raise PromiseError(f"the export gives {what}:\n{lines(told)}\nnothing was written")


def refuse_size(total: int, weights: int) -> None:
    """Raise PromiseError where files of `total` bytes cannot hold the weights of a model, or hold them several times.

    `weights` are their bytes in float32; fewer bits make them a quarter, and the graph around them takes some as well.
    """
    if total < _FEWEST * weights:
        raise PromiseError(
            f"the export has {total:,} bytes and the weights {weights:,}, so it lacks some; it was not kept"
        )
    if total > _MOST * weights + _GRAPHS:
        raise PromiseError(
            f"the export has {total:,} bytes and the weights {weights:,}, so it has some twice; it was not kept"
        )
