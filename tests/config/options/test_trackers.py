"""`output.trackers`: names and objects, and the key that it replaced."""

from __future__ import annotations

import pytest

from kerastune_ft.config.read import read
from tests.support.config_cases import messages, with_change


def test_a_name_stands_for_an_object_with_defaults() -> None:
    found = read(with_change("output.trackers", ["tensorboard", {"kind": "wandb", "mode": "offline"}])).output.trackers
    assert [each.to_json() for each in found] == [
        {"kind": "tensorboard"},
        {"kind": "wandb", "project": None, "entity": None, "mode": "offline"},
    ]


@pytest.mark.parametrize(
    ("value", "place", "said"),
    [
        (["tensorbord"], "output.trackers[0]", '"tensorbord" is unknown; did you mean "tensorboard"?'),
        (["comet"], "output.trackers[0]", '"comet" is not a tracker; write "tensorboard", "mlflow" or "wandb"'),
        (["wandb", "wandb"], "output.trackers", '"wandb" is named twice; name each tracker once'),
        ([{"kind": "mlflow", "experimnt": "x"}], "output.trackers[0].experimnt", 'did you mean "experiment"?'),
        ([{"uri": "x"}], "output.trackers[0].kind", 'missing; write "kind": one of tensorboard, mlflow, wandb'),
        ([{"kind": "mlflow", "uri": "https://u:geheim@h/"}], "output.trackers[0].uri", "the address has a password"),
    ],
)
def test_what_does_not_fit_is_said(value: object, place: str, said: str) -> None:
    found = messages(with_change("output.trackers", value))
    assert said in found[place]
    assert "geheim" not in found[place]


def test_the_key_before_is_answered_with_the_new_one_and_read_in_old_runs() -> None:
    found = messages(with_change("output.tensorboard", True))
    assert found == {"output.tensorboard": 'unknown key; did you mean "trackers"? (a list, like ["tensorboard"])'}
    assert read(with_change("output.tensorboard", False)).output.trackers == ()
