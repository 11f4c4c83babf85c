from __future__ import annotations

import numpy as np
import pytest

from kerastune_ft.config.read import read
from kerastune_ft.inspection.inspect import describe_cost, inspect_data, open_for_check
from kerastune_ft.training.devices import devices
from kerastune_ft.training.session.session import Session
from kerastune_ft.training.watch import Watcher
from tests.support import faulty_pictures


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
