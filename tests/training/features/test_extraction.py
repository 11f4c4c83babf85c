"""Stores of cuts in a decoder: what the encoder gives is in one of its own, which all of them and other runs read."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from kerastune_ft.rules import Rules
from kerastune_ft.training.features import extraction
from kerastune_ft.training.features.feed import PhaseFeed
from kerastune_ft.training.plan import build as planning
from kerastune_ft.training.plan.phase_plan import Plan
from kerastune_ft.training.session.session import Session
from kerastune_ft.training.watch import Watcher
from tests.support.probe_sessions import open_session

EXAMPLES = 40
SHARED = "what all cuts in the decoder share"
LAST = {"name": "last", "unfreeze": {"last": 1}}
TWO = {"name": "two", "unfreeze": {"last": 2}}


class Notes(Watcher):
    def __init__(self) -> None:
        self.lines: list[str] = []

    def note(self, text: str) -> None:
        self.lines.append(text)

    def count(self, *words: str) -> int:
        """Count the notes that have all of these words."""
        return sum(all(word in line for word in words) for line in self.lines)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Summaries by a tiny BART, in two lengths, from its last block on and then from the one below."""
    folder = tmp_path_factory.mktemp("pairs")
    words = ["ab", "abcdefgh " * 50]
    rows = [{"text": f"{words[row % 2]} {row}", "summary": f"{words[row % 2][:9]} {row}"} for row in range(EXAMPLES)]
    (folder / "texts.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return {
        "name": "pairs",
        "seed": 3,
        "task": {"kind": "summarization"},
        "data": {"kind": "table", "path": str(folder / "texts.jsonl"), "input": "text", "label": "summary"},
        "backbone": {"kind": "keras_hub", "class": "BartBackbone", "options": {"num_layers": 3}},
        "defaults": {"batch_size": 8, "epochs": 3, "learning_rate": 0.001},
        "phases": [LAST, TWO],
        "runtime": {"strategy": "none", "cache_directory": str(folder / "cache"), "cache_budget": "20GB"},
    }


@pytest.fixture(scope="module")
def session(made: dict[str, Any]) -> Session:
    return open_session(made)


@pytest.fixture(scope="module")
def filled(session: Session) -> tuple[Notes, list[list[np.ndarray]]]:
    """The stores of both phases filled in the session's cache: what was said, and what was read."""
    notes = Notes()
    return notes, read(session, planning.make(session), notes)


def read(session: Session, plan: Plan, notes: Watcher) -> list[list[np.ndarray]]:
    """Fill the stores of all phases; return for each the features of some examples of one length."""
    found = []
    buckets = session.loader.buckets
    assert buckets is not None
    indices = session.source.splits["train"]
    indices = indices[buckets[indices] == buckets[indices[0]]][:5]
    with PhaseFeed() as feeds:
        for phase in plan.phases:
            feed = feeds.for_phase(session, plan, phase, notes)
            stored = feed.training.stored
            assert stored is not None
            (inputs,) = session.loader.inputs(indices, len(indices), None, 0, None)
            features = [np.asarray(each) for each in tf.nest.flatten(feed.training.prefix(inputs))]
            rows = stored(indices)
            assert len(rows) == len(features) == 4
            assert equal(rows, features)
            found.append(rows)
    return found


def equal(some: list[np.ndarray], others: list[np.ndarray]) -> bool:
    """Say whether tensors have the same bits."""
    return all(np.array_equal(*pair) for pair in zip(some, others, strict=True))


def kept(session: Session) -> dict[str, list[Path]]:
    """The folders of stores by what their rows hold."""
    found: dict[str, list[Path]] = {}
    for path in session.cache.glob("features/*/store.json"):
        found.setdefault(json.loads(path.read_text())["about"]["cut"], []).append(path.parent)
    return found


def test_every_cut_reads_one_store_of_the_encoder(session: Session, filled: tuple[Notes, Any]) -> None:
    notes, _ = filled
    names = kept(session)
    with_encoder = [name for name in names if "transformer_encoder_layer_2" in name]
    assert len(with_encoder) == 1
    assert set(names) - set(with_encoder) == {"transformer_decoder_layer_0", "transformer_decoder_layer_1"}
    # A store for each pair of lengths.
    assert {len(folders) for folders in names.values()} == {2}
    assert (notes.count("stored features of", SHARED), notes.count(SHARED, "stored before")) == (1, 1)


def test_the_plan_counts_what_is_shared_once(session: Session) -> None:
    plan = planning.make(session).document
    below, *above = sorted(plan["cache"]["stores"], key=lambda store: "shared" in store)
    assert [store["shared"] for store in above] == [below["id"]] * 2
    assert below["bytes"] > sum(store["bytes"] for store in above)
    assert plan["cache"]["bytes"] == below["bytes"] + sum(store["bytes"] for store in above)
    for phase in plan["phases"]:
        assert phase["store"]["shared_bytes"] == below["bytes"]
        assert phase["store"]["bytes"] in {store["bytes"] for store in above}


def test_another_schedule_reads_the_same_store(session: Session, filled: tuple[Notes, list[list[np.ndarray]]]) -> None:
    plan, notes = planning.make(session), Notes()
    alone = planning.make(session.with_phases(session.config.phases[1:]))
    assert alone.decision.stored < plan.decision.stored
    (found,) = read(session, alone, notes)
    assert equal(filled[1][1], found)
    assert notes.count("stored before") == len(notes.lines) == 2


def test_what_is_deleted_is_computed_again_alone(
    session: Session, filled: tuple[Notes, list[list[np.ndarray]]], tmp_path: Path
) -> None:
    cached, notes = replace(session, cache=tmp_path), Notes()
    shutil.copytree(session.cache / "features", tmp_path / "features")
    for name, folders in kept(cached).items():
        if "transformer_encoder_layer_2" in name:
            for folder in folders:
                shutil.rmtree(folder)
    assert all(map(equal, filled[1], read(cached, planning.make(session), notes)))
    assert (notes.count("stored features of"), notes.count("stored features of", SHARED)) == (1, 1)


def test_without_room_for_what_is_shared_nothing_is_stored(
    session: Session, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(extraction, "make_room", lambda *given: False)
    notes, plan = Notes(), planning.make(session)
    with PhaseFeed() as feeds:
        feed = feeds.for_phase(replace(session, cache=tmp_path), plan, plan.phases[0], notes)
        assert feed.training.stored is None
    assert notes.count("not stored, but computed again in every epoch") == len(notes.lines) == 1


def test_runs_of_earlier_versions_keep_their_stores(session: Session) -> None:
    older = replace(session, config=session.config.with_rules(Rules(3)))
    stores = planning.make(older).document["cache"]["stores"]
    assert stores and not any("shared" in store for store in stores)
    newer = {store.id for store in planning.make(session).decision.stored if store.shared is not None}
    assert not newer & {store["id"] for store in stores}
