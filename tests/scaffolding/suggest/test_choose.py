"""Leaving the schedule of a proposal to measurements."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from kerastune_ft.config.read import read
from kerastune_ft.scaffolding.propose import Wishes, propose
from kerastune_ft.scaffolding.suggest import choose


@pytest.mark.parametrize(("classes", "weighed"), [((30, 30), False), ((90, 9), True)])
def test_the_run_chooses_all_but_what_is_about_the_labels(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, classes: tuple[int, int], weighed: bool
) -> None:
    rows = [
        f"the film that we saw on day {number} was {('dull', 'bright')[label]},{label}"
        for label, count in enumerate(classes)
        for number in range(count)
    ]
    (tmp_path / "reviews.csv").write_text("\n".join(["text,label", *rows]))
    monkeypatch.setattr(choose, "MEASURES", True)
    document = propose(tmp_path / "reviews.csv", str, (), Wishes()).document
    config = read(document)
    assert config.awaits_choice and config.auto is not None
    assert config.auto.keys == ({"class_weights": "balanced"} if weighed else {})
    assert "plan --resolve" in document["phases"]["// preset"]
    # Epochs that are asked for are laid over what will be chosen.
    own = propose(tmp_path / "reviews.csv", str, (), Wishes(epochs=3)).document
    assert own["phases"]["epochs"] == 3 and own["phases"]["preset"] == "auto"
    # A schedule that is named has the defaults that go with one.
    named = propose(tmp_path / "reviews.csv", str, (), Wishes(phases="head")).document
    assert named["phases"] == "head" and {"batch_size", "early_stopping"} <= named["defaults"].keys()


@pytest.mark.parametrize("phases", ["auto", {"preset": "auto", "time": "3m"}])
def test_where_auto_is_asked_for_no_default_is_laid_over_what_it_chooses(tmp_path: Path, phases: Any) -> None:
    rows = [f"the film of day {number} was {('dull', 'bright')[number % 2]},{number % 2}" for number in range(60)]
    (tmp_path / "reviews.csv").write_text("\n".join(["text,label", *rows]))
    document = propose(tmp_path / "reviews.csv", str, (), Wishes(phases=phases)).document
    auto = read(document).auto
    assert document["phases"] == phases and auto is not None and auto.keys == {}
    usual = propose(tmp_path / "reviews.csv", str, (), Wishes(phases="head")).document
    assert {"batch_size", "early_stopping"} <= usual["defaults"].keys()
