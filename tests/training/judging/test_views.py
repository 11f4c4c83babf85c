from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from kerastune_ft.config.options.augment import Augment
from kerastune_ft.config.options.tasks import ImageClassification
from kerastune_ft.errors import ConfigError
from kerastune_ft.rules import FIRST, NEWEST, Rules
from kerastune_ft.training.judging.views import find_augmentation

_TASK = ImageClassification(kind="image_classification")


def make_session(*presets: str, predicts_masks: bool = False, rules: Rules = NEWEST) -> Any:
    phases = [SimpleNamespace(name=f"phase {place}", augment=Augment(preset=own)) for place, own in enumerate(presets)]
    return SimpleNamespace(
        task=SimpleNamespace(predicts_masks=predicts_masks, predicts_boxes=False),
        backbone=SimpleNamespace(input=SimpleNamespace(augmentation_modality="image")),
        config=SimpleNamespace(task=_TASK, phases=phases, seed=7, rules=rules),
    )


def test_views_are_those_of_the_last_phase_that_augments() -> None:
    found, phase = find_augmentation(make_session("light", "medium", "none"), 4)
    assert phase == "phase 1"
    assert (found.seed, found.views, found.mixing) == (7, 4, None)
    assert found.operations == Augment(preset="medium").resolve("image")
    # The number of a view is the epoch that it is drawn in.
    assert [found.version(epoch) for epoch in range(4)] == [0, 1, 2, 3]


def test_earlier_rules_zoom_in_their_way() -> None:
    found, _ = find_augmentation(make_session("medium", rules=FIRST), 2)
    assert found.operations["zoom"] == 0
    assert found.operations["inverse_zoom"] == Augment(preset="medium").resolve("image")["zoom"]


@pytest.mark.parametrize(
    ("session", "says"),
    [
        (make_session("none"), "--views: no phase of the run augments"),
        (make_session("light", predicts_masks=True), "--views: views of masks"),
    ],
)
def test_views_that_there_are_not(session: Any, says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        find_augmentation(session, 2)
