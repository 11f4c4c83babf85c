"""Answers before training and after it: written once each, of the same examples, and left out where names are."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from kerastune_ft.config.options.language.tasks import Generation
from kerastune_ft.metrics.document import SAMPLES
from kerastune_ft.rundir import RunDirectory
from kerastune_ft.training.writing import samples
from kerastune_ft.training.writing.answerers import Written


@pytest.fixture
def session(monkeypatch: pytest.MonkeyPatch) -> Any:
    made = SimpleNamespace(
        word="untuned", asked=[],
        config=SimpleNamespace(output=SimpleNamespace(examples=True)),
        devices=SimpleNamespace(workers=1),
        source=SimpleNamespace(keys=[f"row {number}" for number in range(9)], splits={"validation": np.arange(2, 9)}),
        task=SimpleNamespace(options=SimpleNamespace(generate=Generation(max_new_tokens=500, temperature=0.3))),
    )  # fmt: skip

    def answer(_: Any, writer: Any, indices: list[int], options: Generation) -> list[Written]:
        made.asked.append((indices, options))
        return [Written(f"ask {index}", f"expect {index}", made.word, 1) for index in indices]

    monkeypatch.setattr(samples, "find_kind", lambda session: "language")
    monkeypatch.setattr(samples, "make_writer", lambda session, kind: None)
    monkeypatch.setattr(samples, "ANSWERERS", {"language": answer})
    return made


def test_the_same_examples_are_answered_before_and_after(session: Any, tmp_path: Path):
    run = RunDirectory(tmp_path)
    samples.write_samples(session, run, "before")
    session.word = "tuned"
    samples.write_samples(session, run, "before")
    assert len(session.asked) == 1, "a run that goes on does not answer again"
    samples.write_samples(session, run, "after")
    rows = run.read_json(SAMPLES)
    assert len(rows) == 3 and all(row["before"] == "untuned" and row["after"] == "tuned" for row in rows)
    assert session.asked[0][0] == session.asked[1][0] and min(session.asked[0][0]) >= 2
    assert session.asked[0][1] == Generation(max_new_tokens=64, temperature=0.3)


def test_where_names_are_not_shown_no_texts_are(session: Any, tmp_path: Path):
    session.config.output.examples = False
    samples.write_samples(session, RunDirectory(tmp_path), "before")
    assert not session.asked and not (tmp_path / SAMPLES).exists()
