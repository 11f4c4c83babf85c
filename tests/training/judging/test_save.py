from __future__ import annotations

import csv
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from kerastune_ft.config.options.heads import Head
from kerastune_ft.config.options.tasks import ImageClassification
from kerastune_ft.data.labels.scheme import LabelScheme
from kerastune_ft.rundir import RunDirectory
from kerastune_ft.tasks.classification import Classification
from kerastune_ft.training.judging.answers import Judged
from kerastune_ft.training.judging.save import PREDICTIONS, save_examples
from kerastune_ft.training.phase.evaluate import Evaluated


def test_hidden_examples_have_neither_names_nor_pictures(tmp_path: Path) -> None:
    task = Classification(ImageClassification(), Head(), LabelScheme("one", ("a", "b")), 0)
    session: Any = SimpleNamespace(
        task=task,
        source=SimpleNamespace(keys=["patient 9", "patient 8"], groups=None),
        config=SimpleNamespace(output=SimpleNamespace(examples=False)),
    )
    measured = {"targets": np.array([0, 1]), "outputs": np.array([[1.0, 0.0], [2.0, 0.0]], np.float32)}
    plan: Any = None
    # What another evaluation left.
    new = tmp_path / "new"
    (new / "mistakes").mkdir(parents=True)
    for name in ("evaluation.json", "subgroups.csv", "mistakes.json", "mistakes/00.png", "examples.json"):
        (new / name).write_text("")
    evaluated = Evaluated(np.arange(2), measured)
    save_examples(Judged(RunDirectory(tmp_path / "run"), session, plan, "test", evaluated, "test"), new)
    rows = list(csv.DictReader((new / PREDICTIONS).read_text().splitlines()))
    assert [(row["input"], row["label"], row["prediction"]) for row in rows] == [("0", "a", "a"), ("1", "b", "a")]
    assert [path.name for path in new.rglob("*") if path.is_file()] == [PREDICTIONS]
