"""The facts about classes that write down sounds are those of the installed keras-hub."""

import inspect

import keras_hub
import pytest

from kerastune_ft.config.facts.hub_families import HUB_FAMILIES
from kerastune_ft.config.facts.transcripts import TRANSCRIPTS


def test_every_class_that_writes_down_sounds_is_there() -> None:
    assert set(TRANSCRIPTS) == {name for name, family in HUB_FAMILIES.items() if family.writes == "speech"}


@pytest.mark.parametrize("name", TRANSCRIPTS)
def test_keras_hub_has_what_is_named(name: str) -> None:
    known, kind = TRANSCRIPTS[name], getattr(keras_hub.models, name)
    assert known.positions in inspect.signature(kind.__init__).parameters
    assert issubclass(getattr(keras_hub.layers, known.converter), keras_hub.layers.AudioConverter)
    if known.task:
        task = getattr(keras_hub.models, known.task)
        assert (task.backbone_cls, task.preprocessor_cls.backbone_cls) == (kind, kind)
