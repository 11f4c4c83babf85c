"""Tables and documents of an evaluation beside predictions.csv, whatever the task gives."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kerastune_ft.rundir import RunDirectory
from kerastune_ft.training.phase.evaluate import Evaluated
from kerastune_ft.training.session.session import Session

PLACE = "evaluation"
_TEST = "test"


def choose_last(evaluated: Mapping[str, Evaluated]) -> str:
    """Return the split that is shown in detail: test, or the last one where there is none."""
    return _TEST if _TEST in evaluated else list(evaluated)[-1]


def write_detail_tables(session: Session, run: RunDirectory, evaluated: Mapping[str, Evaluated]) -> None:
    """Write evaluation/<name>.csv for every further table of the task, with split and input before its columns."""
    names = _name_inputs(session, evaluated)
    tables: dict[str, list[dict[str, Any]]] = {}
    for split, each in evaluated.items():
        for name, columns in session.task.detail_tables(each.measured).items():
            tables.setdefault(name, []).extend(
                {"split": split, "input": shown} | {column: values[place] for column, values in columns.items()}
                for place, shown in enumerate(names[split])
            )
    for name, rows in tables.items():
        run.commit_csv(f"{PLACE}/{name}.csv", list(rows[0]), rows)


def write_part_tables(
    session: Session, run: RunDirectory, evaluated: Mapping[str, Evaluated], place: str = PLACE
) -> None:
    """Write the tables that have any number of rows for an example, and of one split what other programs read.

    `number` is the place of an example among those of its split, from 1. They are written at `place` in the directory.
    """
    names = _name_inputs(session, evaluated)
    columns: dict[str, list[str]] = {}
    tables: dict[str, list[dict[str, Any]]] = {}
    for split, each in evaluated.items():
        for name, (examples, cells) in session.task.part_tables(each.measured).items():
            columns[name] = ["split", "input", "number", *cells]
            tables.setdefault(name, []).extend(
                {"split": split, "input": names[split][example], "number": example + 1}
                | {column: values[row] for column, values in cells.items()}
                for row, example in enumerate(examples.tolist())
            )
    for name, rows in tables.items():
        run.commit_csv(f"{place}/{name}.csv", columns[name], rows)
    split = choose_last(evaluated)
    for name, document in session.task.documents(evaluated[split].measured, names[split]).items():
        run.commit_json(f"{place}/{name}.json", document)


def _name_inputs(session: Session, evaluated: Mapping[str, Evaluated]) -> dict[str, list[Any]]:
    """Return by split what its examples are called, as in predictions.csv.

    With `output.examples: false` these are numbers, since names may tell of whom an example is.
    """
    found: dict[str, list[Any]] = {}
    before = 0
    for split, each in evaluated.items():
        count = len(each.indices)
        if session.config.output.examples:
            found[split] = [session.source.keys[index] for index in each.indices]
        else:
            found[split] = list(range(before, before + count))
        before += count
    return found
