from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from kerastune_ft.config.options.language.tasks import CausalLm, MaskedLm
from kerastune_ft.config.options.task_facts import SEVERAL_INPUTS
from kerastune_ft.config.options.tasks import ImageSegmentation
from kerastune_ft.data.modalities import MODALITIES
from kerastune_ft.errors import ConfigError
from kerastune_ft.explaining.build import EXPLAINERS, make_explainer


def test_every_modality_has_one_and_masks_need_none() -> None:
    assert set(EXPLAINERS) < set(MODALITIES)
    of_texts_to_learn = {"language", "pair", "speech", "masked"}
    assert set(MODALITIES) - {*EXPLAINERS, SEVERAL_INPUTS} <= of_texts_to_learn
    session: Any = SimpleNamespace(config=SimpleNamespace(task=ImageSegmentation(kind="image_segmentation")))
    with pytest.raises(ConfigError, match="the answers of image_segmentation are maps themselves"):
        make_explainer(session)


def test_texts_that_are_written_are_not_explained() -> None:
    session: Any = SimpleNamespace(config=SimpleNamespace(task=CausalLm(kind="causal_lm")))
    with pytest.raises(ConfigError, match="causal_lm writes texts, each token of which is an answer of its own"):
        make_explainer(session)


def test_hidden_words_are_not_explained() -> None:
    session: Any = SimpleNamespace(config=SimpleNamespace(task=MaskedLm(kind="masked_lm")))
    with pytest.raises(ConfigError, match="masked_lm finds many hidden words of a text"):
        make_explainer(session)
