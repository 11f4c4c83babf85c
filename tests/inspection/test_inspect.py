from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from kerastune_ft.config.read import read
from kerastune_ft.inspection.document import describe_inspection
from kerastune_ft.inspection.findings import CONFLICTS, EXACT, FAR, LABELS, MISSING, NEAR, PARTS, SAME, TITLES
from kerastune_ft.inspection.inspect import describe_cost, inspect_data, open_for_check
from kerastune_ft.inspection.page import write_page
from kerastune_ft.training.devices import devices
from kerastune_ft.training.session.session import Session
from kerastune_ft.training.watch import Watcher
from tests.support import faulty_pictures, faulty_several


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Session:
    config = read(faulty_pictures.document(tmp_path_factory.mktemp("inspect")))
    return open_for_check(config, devices.resolve(config.runtime), Watcher())


def test_the_cost_is_told_beforehand(session: Session) -> None:
    said = describe_cost(session, np.arange(94))
    assert said.startswith("checking 94 examples: features by plain take about ")
    assert said.endswith("and up to 1 MB of memory")


@pytest.mark.slow
def test_examples_of_all_splits_are_looked_at_and_nothing_changes(session: Session) -> None:
    before = {path: values.copy() for path, values in session.values(session.variables).items()}
    found = inspect_data(session, Watcher())
    assert len(found.examples) == 94
    assert {example.split for example in found.examples} == {"train", "validation", "test"}
    assert found.about["features"] == 8
    again = inspect_data(session, Watcher())
    assert (again.findings, again.exclusions) == (found.findings, found.exclusions)
    for path, values in session.values(session.variables).items():
        np.testing.assert_array_equal(values, before[path])


@pytest.mark.slow
def test_of_several_inputs_whole_copies_and_shared_parts_are_told_apart(tmp_path: Path) -> None:
    config = read(faulty_several.document(tmp_path))
    session = open_for_check(config, devices.resolve(config.runtime), Watcher())
    found = inspect_data(session, Watcher())
    rows = {each.kind: [row.positions for row in each.rows] for each in found.findings}
    # Splits are one behind the other, so that the row of the table is found by the name of the picture.
    numbers = {example.key: position for position, example in enumerate(found.examples)}

    def name(kind: str) -> list[set[int]]:
        return [set(held) for held in rows[kind]]

    def find(row: int, line: int | None = None) -> int:
        key = f"photos/{row}.png"
        return numbers[key if line is None else f"{key} (row {line})"]

    count = faulty_several.COUNT
    assert {find(10), find(10, count + 2)} in name(EXACT)
    assert name(NEAR) == [{find(11), find(count + 1)}]
    assert name(CONFLICTS) == [{find(13), find(13, count + 5)}]
    assert name(PARTS) == [{find(12), find(12, count + 4)}]
    assert {find(row) for row in faulty_several.WRONG} <= {each for held in name(LABELS) for each in held}
    assert name(MISSING) == [{find(row) for row in faulty_several.MISSING}]
    assert name(FAR) == [{find(faulty_several.FAR)}]
    assert SAME in rows
    # Of the picture that is white the other parts are kept, of the shared one the whole example.
    assert not {find(count + 4), find(12), find(12, count + 4)} & {*found.exclusions.positions}
    document = describe_inspection(found, True)
    page = write_page(found, document, "", session)
    assert "age <b>4000" in page and "dose <b>missing" in page
    assert page.count("<blockquote>") > 8 and page.count("data:image/png") > 8
    assert {TITLES[each] for each in rows} | {*document["clean"]} >= {TITLES[PARTS], TITLES[MISSING]}
