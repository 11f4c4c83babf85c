"""Feeds are shared by phases that read the same features, and by no others."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from kerastune_ft.config.read import read
from kerastune_ft.training import engine
from kerastune_ft.training.plan import build
from kerastune_ft.training.session.assemble import assemble
from kerastune_ft.training.session.session import Session
from kerastune_ft.training.watch import Watcher
from kerastune_ft.trials.feeds import SharedFeeds


@pytest.fixture(scope="module")
def session(search_folder: Path) -> Session:
    config = read(search_folder / "tiny.json")
    return assemble(config, engine.devices(config), lambda line: None)


def test_a_feed_is_taken_again_unless_its_features_are_others(session: Session, search_folder: Path) -> None:
    def open_feed(
        feeds: SharedFeeds, *overrides: str, phase: int = 0, splits: dict[str, np.ndarray] | None = None
    ) -> object:
        own = session.with_phases(read(search_folder / "tiny.json", overrides).phases)
        own = replace(own, source=session.source.with_splits(splits or session.source.splits))
        plan = build.make(own)
        return feeds.for_phase(own, plan, plan.phases[phase], Watcher())

    rest = np.concatenate([session.source.splits[split] for split in ("validation", "train")])
    with SharedFeeds() as feeds:
        first = open_feed(feeds)
        assert open_feed(feeds, "phases.learning_rate.peak=0.5", "phases.head.dropout=0.4") is first
        assert open_feed(feeds, "phases.head.augment.preset=light") is not first
        assert open_feed(feeds, phase=1) is not first
        first = open_feed(feeds, splits={"train": rest[:40], "validation": rest[40:]})
        assert open_feed(feeds, splits={"train": rest[:50], "validation": rest[50:]}) is first, (
            "other folds of the same"
        )
        assert open_feed(feeds, splits={"train": rest[:50], "validation": rest[51:]}) is not first, "one example less"
        mixed = open_feed(feeds, "phases.head.mixup=0.2")
        assert open_feed(feeds, "phases.head.mixup=0.2", "phases.head.sampling=balanced") is not mixed, "other partners"
        folds = [{"train": rest[:50], "validation": rest[50:]}, {"train": rest[10:], "validation": rest[:10]}]
        mixed = open_feed(feeds, "phases.head.mixup=0.2", splits=folds[0])
        assert open_feed(feeds, "phases.head.mixup=0.2", splits=folds[0]) is mixed
        assert open_feed(feeds, "phases.head.mixup=0.2", splits=folds[1]) is not mixed, (
            "partners of its own training part"
        )


def test_a_feed_of_a_model_that_is_gone_is_not_taken_for_one_at_the_same_address(session: Session) -> None:
    with SharedFeeds() as feeds:
        plan = build.make(session)
        first = feeds.for_phase(session, plan, plan.phases[0], Watcher())
        (key,) = feeds._held
        feeds._held[key] = feeds._held[key]._replace(model=lambda: None)  # type: ignore[arg-type]
        assert feeds.for_phase(session, plan, plan.phases[0], Watcher()) is not first
