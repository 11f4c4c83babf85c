"""Who is mixed with whom, and that plans know it: what is drawn anew is not stored, and views are."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kerastune_ft.config.options.runtime import Runtime
from kerastune_ft.config.read import read
from kerastune_ft.errors import ConfigError
from kerastune_ft.reporting.plan_lines import describe_phase
from kerastune_ft.training.devices import devices
from kerastune_ft.training.plan import build as planning
from kerastune_ft.training.plan.feature_usage import variant
from kerastune_ft.training.plan.keys.mixing import find_mixing
from kerastune_ft.training.plan.phase_plan import Plan
from kerastune_ft.training.session.assemble import assemble
from kerastune_ft.training.session.session import Session
from tests.support.tiny_run import document, write_data


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("mixing")
    with np.load(write_data(made / "data.npz")) as data:
        rare = np.flatnonzero((data["y"] == 0) | (np.arange(70) < 20))
        np.savez(made / "data.npz", x=data["x"][rare], y=data["y"][rare])
    return made


def head(folder: Path, **keys: Any) -> dict[str, Any]:
    made = document(folder / "data.npz")
    made["phases"] = [{**made["phases"][0], **keys}]
    made["runtime"] = {"cache_directory": str(folder / "cache"), "cache_budget": "20GB"}
    return made


@pytest.fixture(scope="module")
def session(folder: Path) -> Session:
    return assemble(read(head(folder)), devices.resolve(Runtime(strategy="none")), lambda line: None)


def replan(session: Session, folder: Path, **keys: Any) -> tuple[Session, Plan]:
    made = replace(session, config=read(head(folder, **keys)))
    return made, planning.make(made)


def test_without_either_nothing_is_mixed(session: Session, folder: Path) -> None:
    made, plan = replan(session, folder)
    assert find_mixing(made.source, plan.phases[0].phase) is None
    assert plan.document["phases"][0]["mixing"] is None
    assert variant(made, plan.phases[0]) == ""


def test_partners_come_as_the_sampling_of_the_phase_draws(session: Session, folder: Path) -> None:
    made, plan = replan(session, folder, mixup=0.2, sampling="balanced")
    mixing, train = plan.phases[0].mixing, made.source.splits["train"]
    assert mixing is not None and mixing.partners.chances is not None
    assert np.array_equal(mixing.partners.indices, train)
    labels = made.source.labels[train]
    assert np.bincount(labels).tolist()[0] > 2 * np.bincount(labels).tolist()[1]
    for number in (0, 1):
        assert mixing.partners.chances[labels == number].sum() == pytest.approx(0.5)
    even = replan(session, folder, mixup=0.2)[1].phases[0].mixing
    assert even is not None and even.partners.chances is None


def test_what_is_mixed_anew_is_not_stored_and_the_plan_says_so(session: Session, folder: Path) -> None:
    _, plan = replan(session, folder, mixup=0.2, cutmix=1.0)
    entry = plan.document["phases"][0]
    assert entry["mixing"] == {"mixup": 0.2, "cutmix": 1.0, "views": None}
    assert entry["store"]["decision"] == "recompute"
    assert entry["store"]["reason"].startswith("random mixing below the cut, drawn anew every epoch")
    (line,) = [line.text for line in describe_phase(entry, plan.document) if line.label == "mixing"]
    assert line.startswith("mixup 0.2 or cutmix 1, one of the two for each example, with any other training example")
    with pytest.raises(ConfigError, match=r"its mixing is drawn anew in every epoch.*give augment\.views"):
        replan(session, folder, mixup=0.2, cache="required")


def test_views_of_mixtures_are_stored_under_all_that_they_depend_on(session: Session, folder: Path) -> None:
    views = {"augment": {"views": 2}, "epochs": 6}
    _, plan = replan(session, folder, mixup=0.2, **views)
    assert plan.document["phases"][0]["store"]["decision"] == "store"
    kinds = []
    for keys in (
        {},
        {"mixup": 0.3},
        {"cutmix": 1.0},
        {"sampling": "balanced"},
        {"augment": {"flip": "both", "views": 2}},
    ):
        made, plan = replan(session, folder, **{"mixup": 0.2, **views, **keys})
        kinds.append(variant(made, plan.phases[0]))
    assert len(set(kinds)) == 5
    fewer = {split: indices[:-1] if split == "train" else indices for split, indices in session.source.splits.items()}
    made, plan = replan(session, folder, mixup=0.2, **views)
    source = made.source
    before, source.splits = source.splits, fewer
    try:
        plan = planning.make(made)
        assert variant(made, plan.phases[0]) not in kinds, "another training split has other partners"
    finally:
        source.splits = before
