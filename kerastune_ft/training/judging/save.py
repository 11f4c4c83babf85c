"""Writes the predictions of an evaluation, and its worst examples, into a directory of the user's."""

from __future__ import annotations

from pathlib import Path

from kerastune_ft.metrics.document import SAVED_EXAMPLES, SAVED_FILES
from kerastune_ft.rundir import RunDirectory
from kerastune_ft.training.evaluation import final
from kerastune_ft.training.evaluation.detail_files import write_part_tables
from kerastune_ft.training.evaluation.examples import write_examples
from kerastune_ft.training.evaluation.pictures import remove_files
from kerastune_ft.training.judging.answers import Judged

PREDICTIONS = "predictions.csv"


def save_examples(judged: Judged, folder: Path) -> None:
    """Write predictions.csv, and the worst examples as the model got them, which the report shows of a run's test.

    What an earlier evaluation left there is removed before, so that nothing lies beside figures that it is not of. With
    `output.examples: false` of the run inputs are numbers and no example is shown.
    """
    session, saved = judged.session, RunDirectory(folder)
    _clear(saved)
    evaluated = {judged.split: judged.evaluated}
    rows = final.prediction_rows(session, evaluated)
    shown = rows if session.config.output.examples else [{**row, "input": place} for place, row in enumerate(rows)]
    saved.commit_csv(PREDICTIONS, list(shown[0]), shown)
    write_part_tables(session, saved, evaluated, ".")
    write_examples(session, saved, rows, evaluated, ".")


def _clear(saved: RunDirectory) -> None:
    for folder in SAVED_EXAMPLES:
        remove_files(saved, folder, place=".")
        saved.remove(f"{folder}.json")
    # The one that says whose all of it is goes last.
    for name in reversed(SAVED_FILES):
        saved.remove(name)
