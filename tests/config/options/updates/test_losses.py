from __future__ import annotations

from typing import Any

import pytest

from kerastune_ft.config.options.updates.losses import LOSS_OPTIONS, LOSSES, PhaseLoss
from kerastune_ft.config.read import read
from kerastune_ft.errors import ConfigError
from tests.support.config_cases import with_change


@pytest.mark.parametrize(
    ("written", "complete"),
    [
        ("focal", {"name": "focal", "gamma": 2.0}),
        ({"name": "focal", "gamma": 0.5}, {"name": "focal", "gamma": 0.5}),
        ({"name": "focal", "gamma": None}, {"name": "focal", "gamma": 2.0}),
        ("cross_entropy", {"name": "cross_entropy"}),
    ],
)
def test_a_word_and_an_object_say_the_same(written: Any, complete: dict[str, Any]) -> None:
    loss = read(with_change("phases.1.loss", written)).phases[1].loss
    assert loss is not None and loss.to_json() == complete
    assert PhaseLoss.model_validate(loss.to_json()) == loss


def test_a_key_can_be_set_where_a_word_is_written() -> None:
    changed = read(with_change("phases.1.loss", "focal"), ["phases[1].loss.gamma=3"]).phases[1].loss
    assert changed is not None and (changed.name, changed.gamma) == ("focal", 3.0)


def test_every_option_belongs_to_a_loss() -> None:
    every = {name for names in LOSSES.values() for name in names}
    assert set(LOSS_OPTIONS) <= every
    assert {option for options in LOSS_OPTIONS.values() for option in options} | {"name"} == set(PhaseLoss.model_fields)


def test_an_option_without_a_name_is_told_how_a_loss_is_written() -> None:
    with pytest.raises(ConfigError, match=r'a loss has a name, as in \{"name": "focal", "gamma": 2\}'):
        read(with_change("phases.1.loss", {"gamma": 2}))
