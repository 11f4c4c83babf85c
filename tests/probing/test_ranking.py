"""Ranking candidates: the best first, time kept, refusals said, and the same again from the stores."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kerastune_ft.config.options.tasks import ImageSegmentation
from kerastune_ft.config.read import read
from kerastune_ft.errors import ConfigError
from kerastune_ft.probing import ranking
from kerastune_ft.probing.candidates import Candidate, find_candidates
from kerastune_ft.probing.ranking import LEFT_OUT, REFUSED, TRIED, rank_backbones
from kerastune_ft.training.devices import devices
from kerastune_ft.training.watch import Watcher
from tests.support.small_nets import save_net


def find_named(*arguments: Any) -> list[Candidate]:
    """The candidates that need no cache of this machine."""
    return [each for each in find_candidates(*arguments) if each.origin in ("config", "named")]


@pytest.fixture(scope="module", autouse=True)
def _no_others() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ranking, "find_candidates", find_named)
        yield


@pytest.fixture(scope="module")
def ranked(images: dict[str, Any], folder: Path) -> ranking.Ranking:
    config = read(images)
    (folder / "broken.keras").write_bytes(b"no model")
    named = [save_net(folder / "residual.keras", "residual")["path"], str(folder / "broken.keras")]
    return rank_backbones(config, devices.resolve(config.runtime), Watcher(), None, named)


def test_the_best_comes_first_and_what_was_not_tried_last(ranked: ranking.Ranking) -> None:
    values = [row.value for row in ranked.rows if row.state == TRIED]
    assert len(values) == 2 and values == sorted(values, reverse=True)
    assert ranked.rows[-1].state == REFUSED and "broken.keras" in ranked.rows[-1].why
    assert ranked.best is ranked.rows[0] and ranked.metric == "accuracy"


def test_the_document_has_what_the_table_shows(ranked: ranking.Ranking) -> None:
    document = ranked.to_json()
    assert document["metric"] == "validation_accuracy" and document["best"] == ranked.rows[0].candidate.document
    assert all(row["interval"][0] <= row["value"] <= row["interval"][1] for row in document["backbones"][:2])
    assert set(document["examples"]) == {"train", "validation"}


def test_without_time_the_first_is_tried_and_others_are_named(
    images: dict[str, Any], folder: Path, ranked: ranking.Ranking
) -> None:
    config = read(images)
    named = [str(folder / "residual.keras")]
    found = rank_backbones(config, devices.resolve(config.runtime), Watcher(), 1e-9, named)
    assert [row.state for row in found.rows if row.candidate.origin == "config"] == [TRIED]
    assert {row.state for row in found.rows if row.candidate.origin == "named"} == {LEFT_OUT}
    again = next(row for row in ranked.rows if row.candidate.origin == "config")
    assert found.rows[0].value == again.value and found.rows[0].loss == again.loss


def test_a_task_without_probes_is_refused_before_anything_is_opened(images: dict[str, Any]) -> None:
    config = read(images).model_copy(update={"task": ImageSegmentation(kind="image_segmentation")})
    with pytest.raises(ConfigError, match="has no linear probe"):
        rank_backbones(config, devices.resolve(config.runtime), Watcher())


def test_a_choice_is_made_once(
    images: dict[str, Any], ranked: ranking.Ranking, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = read(images)
    first = ranking.rank_once(config, devices.resolve(config.runtime), Watcher(), 60.0)
    assert first["best"] == first["backbones"][0]["backbone"]
    monkeypatch.setattr(ranking, "fit_probe", lambda *given: pytest.fail("measured again"))
    assert ranking.rank_once(config, devices.resolve(config.runtime), Watcher(), 60.0) == first
