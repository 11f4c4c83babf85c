"""Single test examples for the report: the worst mistakes, or masks and boxes beside the predicted ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from kerastune_ft.rundir import RunDirectory
from kerastune_ft.training.evaluation.box_examples import write_box_examples
from kerastune_ft.training.evaluation.mask_examples import write_mask_examples
from kerastune_ft.training.evaluation.mistakes import write_mistakes
from kerastune_ft.training.evaluation.pictures import remove_files
from kerastune_ft.training.phase.evaluate import Evaluated
from kerastune_ft.training.session.session import Session

Write = Callable[[Session, RunDirectory, list[dict[str, Any]], Mapping[str, Evaluated], str], None]


def _write_mistakes(
    session: Session, run: RunDirectory, rows: list[dict[str, Any]], evaluated: Mapping[str, Evaluated], place: str
) -> None:
    split = "test" if "test" in evaluated else list(evaluated)[-1]
    write_mistakes(session, run, rows, split, place)


_WRITE: Mapping[str, tuple[str, Write]] = {
    "one": ("mistakes", _write_mistakes),
    "several": ("mistakes", _write_mistakes),
    "values": ("mistakes", _write_mistakes),
    "mask": ("examples", write_mask_examples),
    "boxes": ("examples", write_box_examples),
    "text": ("mistakes", _write_mistakes),
}


def write_examples(
    session: Session,
    run: RunDirectory,
    rows: list[dict[str, Any]],
    evaluated: Mapping[str, Evaluated],
    place: str = "evaluation",
) -> None:
    """Write the examples that the report shows; with `output.examples: false` remove those of an earlier evaluation.

    `rows` are those of predictions.csv; `place` is where in the directory they are written.
    """
    folder, write = _WRITE[session.task.scheme.kind]
    if session.config.output.examples:
        write(session, run, rows, evaluated, place)
        return
    remove_files(run, folder, place=place)
    run.remove(f"{place}/{folder}.json")
