from __future__ import annotations

import csv
import io
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from kerastune_ft.errors import ConfigError
from kerastune_ft.explaining.explain import choose_examples
from kerastune_ft.rundir import RunDirectory

KEYS = [f"{number}.png" for number in range(20)]


def _session(seed: int = 1) -> Any:
    source = SimpleNamespace(keys=KEYS, splits={"test": np.arange(4, 20)}, identities=np.arange(20) * 7)
    return SimpleNamespace(source=source, config=SimpleNamespace(seed=seed))


def _run(folder: Path, wrong: dict[int, float]) -> RunDirectory:
    rows = [
        {"split": "test", "input": key, "label": "a", "prediction": "b" if number in wrong else "a",
         "loss": wrong.get(number, 0.1)}
        for number, key in enumerate(KEYS)
    ]  # fmt: skip
    written = io.StringIO(newline="")
    writer = csv.DictWriter(written, rows[0])
    writer.writeheader()
    writer.writerows(rows)
    target = RunDirectory(folder)
    target.commit("evaluation/predictions.csv", written.getvalue())
    return target


def test_a_third_are_the_worst_mistakes_and_the_rest_follow_from_the_seed(tmp_path: Path) -> None:
    target = _run(tmp_path, {2: 9.0, 5: 1.0, 6: 3.0, 7: 2.0, 8: 0.5})
    mistakes, sample = choose_examples(target, _session(), 9)
    # The example 2 is not in the test split.
    assert mistakes == [6, 7, 5]
    assert len(sample) == 6
    assert not set(sample) & {6, 7, 5}
    assert set(sample) <= set(range(4, 20))
    assert choose_examples(target, _session(), 9) == (mistakes, sample)
    assert choose_examples(target, _session(2), 9)[1] != sample
    assert [len(part) for part in choose_examples(target, _session(), 500)] == [4, 12]


def test_a_run_without_predictions_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"has no evaluation/predictions\.csv"):
        choose_examples(RunDirectory(tmp_path), _session(), 3)
