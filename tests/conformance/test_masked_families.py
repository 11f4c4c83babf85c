"""Every family of keras-hub that finds hidden words, in tiny random models: scores, units, cuts, and the next run."""

from __future__ import annotations

from collections.abc import Sequence

import keras
import keras_hub
import numpy as np
import pytest

from kerastune_ft.backbones import masked
from kerastune_ft.backbones.base import Backbone, with_precision
from kerastune_ft.backbones.build import build
from kerastune_ft.backbones.hub import text
from kerastune_ft.backbones.language.masked_head import read_head
from kerastune_ft.backbones.language.vocabulary import find_projection, trim_vocabulary
from kerastune_ft.config.facts.hub_families import HUB_FAMILIES
from kerastune_ft.config.options.backbones import KerasHub
from kerastune_ft.graph.partition import partition
from kerastune_ft.graph.units import is_seed
from tests.support import hub_classes

_FAMILIES = [name for name, family in HUB_FAMILIES.items() if family.masks]
_LENGTH = 9


def _build(name: str) -> Backbone:
    return build(KerasHub.model_validate({"kind": "keras_hub", "class": name}), 1, hides_words=True)


def _whole(backbone: Backbone) -> keras.Model:
    assert backbone.vocabulary is not None
    return keras.Model(backbone.model.input, backbone.vocabulary.apply(backbone.model.output))


def _rows(names: Sequence[str]) -> dict[str, np.ndarray]:
    tokens = np.random.default_rng(3).integers(5, 200, (2, _LENGTH)).astype(np.int32)
    mask = np.ones_like(tokens)
    mask[1, 6:] = tokens[1, 6:] = 0
    known = {"token_ids": tokens, "padding_mask": mask, "segment_ids": np.zeros_like(tokens)}
    return {name: known[name] for name in names}


@pytest.mark.parametrize("name", hub_classes.each(_FAMILIES, ("BertBackbone", "RobertaBackbone")))
def test_scores_are_those_of_keras_hub(name: str) -> None:
    keras.utils.set_random_seed(2)
    body = getattr(keras_hub.models, name)(**HUB_FAMILIES[name].small)
    task = getattr(keras_hub.models, name.replace("Backbone", "MaskedLM"))(backbone=body)
    for number, variable in enumerate(task.masked_lm_head.weights):
        if variable is not body.token_embedding.embeddings:
            variable.assign(np.random.default_rng(number).normal(0, 0.3, variable.shape))
    encoder = text.encoder(body, True, masked.TAKEN_APART)
    whole = keras.Model(encoder.input, read_head(body.token_embedding, task).apply(encoder.output))
    rows = _rows(text.names(body))
    places = {"mask_positions": np.tile(np.arange(_LENGTH), (2, 1))}
    theirs = task({key: value for key, value in {**rows, **places}.items() if key in task.input}).numpy()
    expected = whole(rows, training=False).numpy()
    assert np.abs(theirs - expected)[0].max() < 1e-5
    assert np.abs(theirs - expected)[1, :6].max() < 1e-5


@pytest.mark.parametrize("name", hub_classes.each(_FAMILIES, ("BertBackbone", "RobertaBackbone")))
def test_every_boundary_is_a_cut_and_the_head_is_tied_to_the_embeddings(name: str) -> None:
    backbone = _build(name)
    whole, rows = _whole(backbone), _rows(backbone.input.names)
    expected = whole(rows, training=False).numpy()

    known = find_projection(whole)
    assert known.is_transposed
    assert known.bias is not None
    hidden = trim_vocabulary(whole)(rows).numpy()
    assert np.abs(hidden @ np.array(known.variable).T - expected).max() < 1e-5
    body = {variable.path for variable in backbone.variables}
    head = {variable.path for variable in whole.variables if not is_seed(variable)} - body
    assert len(head) == 5, "dense layer, normalisation and bias"
    trained = set(head)
    for unit in reversed(backbone.units[1:]):
        trained |= {variable.path for variable in unit.variables}
        cut = partition(whole, trained)
        assert cut.prefix is not None
        found = cut.tail(cut.prefix(rows, training=False), training=False).numpy()
        assert np.array_equal(found, expected), unit.id


@pytest.mark.parametrize("name", hub_classes.each(_FAMILIES, ("DistilBertBackbone",)))
def test_a_model_in_half_precision_has_the_same_head(name: str) -> None:
    backbone = with_precision(_build(name), "mixed_bfloat16")
    whole = _whole(backbone)
    assert find_projection(whole).variable.path in {variable.path for variable in backbone.variables}
    assert np.isfinite(whole(_rows(backbone.input.names), training=False).numpy().astype(np.float32)).all()
