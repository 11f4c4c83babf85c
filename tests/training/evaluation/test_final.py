from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from kerastune_ft.metrics.intervals.base import Sample, find_intervals
from kerastune_ft.training.evaluation import final
from kerastune_ft.training.evaluation.final import intervals_of
from kerastune_ft.training.phase.evaluate import Evaluated
from kerastune_ft.training.watch import Watcher

VALUES = np.repeat(np.random.default_rng(0).normal(size=6), 5)


def make_session(groups: list[str] | None) -> Any:
    """A session whose task has metrics in another order than its sample, and more examples than are evaluated."""
    sample = Sample(30, means={"loss": VALUES}, proportions={"accuracy": (VALUES > 0).astype(float)})
    task = SimpleNamespace(sample=lambda measured: sample, metric_directions={"accuracy": "max", "loss": "min"})
    return SimpleNamespace(task=task, source=SimpleNamespace(groups=groups))


def test_examples_of_one_group_stay_together_in_intervals() -> None:
    indices = np.arange(10, 40)
    groups = [f"patient {index // 5}" for index in range(50)]
    evaluated = Evaluated(indices, {})
    found = intervals_of(make_session(groups), evaluated)
    sample = make_session(None).task.sample({})
    assert found == find_intervals(sample, [groups[index] for index in indices])
    assert list(found) == ["accuracy", "loss"]
    alone = intervals_of(make_session(None), evaluated)
    assert alone == find_intervals(sample)
    assert found["loss"][1] - found["loss"][0] > alone["loss"][1] - alone["loss"][0]


@pytest.mark.parametrize(("place", "name"), [(None, "test"), ("new photos", "new photos")])
def test_progress_names_the_split_or_the_other_data(
    place: str | None, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = []

    class Listener(Watcher):
        def work(self, what: str, done: int, total: int) -> None:
            said.append((what, done, total))

    monkeypatch.setattr(final, "freeze_all_but", lambda *given: None)
    monkeypatch.setattr(final, "evaluate_split", lambda *given: given[-1](2, 5) or Evaluated(given[3], {}))
    config = SimpleNamespace(task={"kind": "image_classification"})
    source = SimpleNamespace(splits={"test": np.arange(5)})
    session: Any = SimpleNamespace(devices=None, source=source, config=config)
    plan: Any = SimpleNamespace(selection=None, trained=(), batch_size=2)
    given: Any = object()
    final.evaluate_splits(session, plan, ("test",), Listener(), given, given, place)
    assert said == [(f"evaluating {name}", 2, 5)]
