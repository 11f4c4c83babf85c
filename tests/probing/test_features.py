"""Features that probes read: those of the model, from stores that runs share, and never of the test split."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from kerastune_ft.config.read import read
from kerastune_ft.probing.cuts import choose_units
from kerastune_ft.probing.features import SPLITS, read_cuts, read_final
from kerastune_ft.training.features.feed import PhaseFeed
from kerastune_ft.training.plan import build as planning
from kerastune_ft.training.session.session import Session
from kerastune_ft.training.watch import Watcher


class Notes(Watcher):
    def __init__(self) -> None:
        self.lines: list[str] = []

    def note(self, text: str) -> None:
        self.lines.append(text)


def load(session: Session, split: str) -> np.ndarray:
    indices = session.source.splits[split]
    (inputs,) = session.loader.inputs(indices, len(indices), None, 0, None)
    return np.asarray(inputs, np.float32)


def test_final_features_are_what_the_head_gets(session: Session) -> None:
    found = read_final(session, Watcher())
    head = session.model.get_layer("head_dropout")
    expected = keras.Model(session.model.input, head.input)(load(session, "validation"), training=False)
    np.testing.assert_allclose(found.features["features"]["validation"], expected, atol=1e-5)
    assert found.targets["validation"].tolist() == session.source.labels[session.source.splits["validation"]].tolist()


def test_rows_at_a_cut_are_means_over_positions(session: Session) -> None:
    (unit,) = choose_units(session, 1)
    found = read_cuts(session, (unit,), Watcher())
    assert list(found.features) == [unit, "features"]
    units = list(session.backbone.units)
    below = units[[each.id for each in units].index(unit) - 1].layers
    # The cut may lie below an activation, which the trained part repeats.
    outputs = [layer.output for layer in below if len(layer.output.shape) == 4]
    maps = keras.Model(session.model.input, outputs)(load(session, "train"), training=False)
    means = [np.mean(each, (1, 2)) for each in (maps if len(outputs) > 1 else [maps])]
    assert any(np.allclose(found.features[unit]["train"], mean, atol=1e-5) for mean in means)


def test_rows_of_texts_depend_on_no_padding(texts: Session) -> None:
    (unit,) = choose_units(texts, 1)
    found = read_cuts(texts, (unit,), Watcher()).features[unit]["train"]
    assert found.shape == (len(texts.source.splits["train"]), 16)
    indices = texts.source.splits["train"]
    contents = [texts.source.contents[index] for index in indices]
    rows = {content: row for content, row in zip(contents, found, strict=True)}
    assert all(np.allclose(rows[content], row) for content, row in zip(contents, found, strict=True))
    short = int(np.argmin(texts.loader.buckets[indices]))
    longest = int(np.argmax(texts.loader.buckets[indices]))
    assert np.isfinite(found).all() and not np.allclose(found[short], found[longest])


def test_a_run_reads_the_rows_of_a_probe(session: Session, tmp_path: Path) -> None:
    own = replace(session, cache=tmp_path)
    assert read_final(own, Watcher()).computing_seconds > 0
    assert read_final(own, Watcher()).computing_seconds == 0
    plan, notes = planning.make(own), Notes()
    with PhaseFeed() as feed:
        feed.for_phase(own, plan, plan.phases[0], notes)
    probed = sum(len(own.source.splits[split]) for split in SPLITS)
    stored = [line for line in notes.lines if line.startswith("stored features of")]
    # What frozen layers give to both phases is computed of all; of the head's features those of the test split lack.
    assert not any(line.startswith(f"stored features of {probed} ") for line in stored), stored


def test_the_test_split_is_never_read(session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = replace(session, cache=tmp_path)
    monkeypatch.setattr(own.source, "splits", {**session.source.splits, "test": np.array([10**6])})
    assert set(read_final(own, Watcher()).targets) == set(SPLITS)


def test_without_a_cache_nothing_is_written(images: dict[str, Any], session: Session, tmp_path: Path) -> None:
    config = read({**images, "runtime": {**images["runtime"], "cache": "off"}})
    found = read_final(replace(session, config=config, cache=tmp_path), Watcher())
    assert found.bytes == 0 and not [path for path in tmp_path.rglob("*") if path.is_file()]
    stored = read_final(replace(session, cache=tmp_path), Watcher())
    assert np.array_equal(found.features["features"]["train"], stored.features["features"]["train"])
