from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from kerastune_ft.rundir import RunDirectory
from kerastune_ft.training.evaluation.detail_files import choose_last, write_detail_tables, write_part_tables
from kerastune_ft.training.phase.evaluate import Evaluated


def _make(examples: bool) -> tuple[Any, dict[str, Evaluated]]:
    task = SimpleNamespace(
        detail_tables=lambda measured: {"sums": {"sum": measured["values"].sum(axis=1)}},
        part_tables=lambda measured: {"parts": (np.array([0, 0, 1]), {"value": measured["values"].reshape(-1)[:3]})},
        documents=lambda measured, inputs: {"names": list(inputs)},
    )
    source = SimpleNamespace(keys=["a", "b", "c", "d", "e"])
    session = SimpleNamespace(
        task=task, source=source, config=SimpleNamespace(output=SimpleNamespace(examples=examples))
    )
    values = np.arange(6, dtype=np.float32).reshape(2, 3)
    evaluated = {
        "validation": Evaluated(np.array([4, 1]), {"values": values}),
        "test": Evaluated(np.array([0, 2]), {"values": values + 0.1}),
    }
    return session, evaluated


def test_tables_have_split_and_input_before_their_columns(tmp_path: Path) -> None:
    run = RunDirectory(tmp_path)
    session, evaluated = _make(examples=True)
    write_detail_tables(session, run, evaluated)
    write_part_tables(session, run, evaluated)
    assert (tmp_path / "evaluation/sums.csv").read_text().splitlines()[:3] == [
        "split,input,sum", "validation,e,3.0", "validation,b,12.0",
    ]  # fmt: skip
    rows = (tmp_path / "evaluation/parts.csv").read_text().splitlines()
    assert rows[0] == "split,input,number,value"
    # Numbers have the digits that tell a float32 from every other.
    assert rows[4:] == ["test,a,1,0.1", "test,a,1,1.1", "test,c,2,2.1"]
    assert run.read_json("evaluation/names.json") == ["a", "c"]


@pytest.mark.parametrize("place", ["evaluation", "."])
def test_without_examples_inputs_are_numbers_as_in_predictions(tmp_path: Path, place: str) -> None:
    run = RunDirectory(tmp_path)
    session, evaluated = _make(examples=False)
    write_part_tables(session, run, evaluated, place)
    rows = (tmp_path / place / "parts.csv").read_text().splitlines()
    assert [row.split(",")[1] for row in rows[1:]] == ["0", "0", "1", "2", "2", "3"]
    assert run.read_json(f"{place}/names.json") == [2, 3]


def test_test_is_shown_or_else_the_last_split() -> None:
    _, evaluated = _make(examples=True)
    assert choose_last(evaluated) == choose_last(dict(reversed(evaluated.items()))) == "test"
    assert choose_last({"train": evaluated["test"], "validation": evaluated["test"]}) == "validation"
