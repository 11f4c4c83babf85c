"""What keras-hub's models do that no documentation promises: their caches, and calls with these."""

from __future__ import annotations

import inspect

import keras_hub
import numpy as np
import pytest
import tensorflow as tf

from kerastune_ft.backbones.language.generator import task_class
from kerastune_ft.config.facts.hub_families import HUB_FAMILIES
from kerastune_ft.generation import hub_calls
from tests.support.tiny_writer import build_backbone

_KNOWN = {"token_ids", "padding_mask", "img_embeddings", "vision_mask", "vision_indices"}


def test_every_family_builds_its_cache_of_what_is_known():
    for name, family in HUB_FAMILIES.items():
        backbone = getattr(keras_hub.models, name, None)
        if family.writes != "decoder" or backbone is None:
            continue
        kind = next(getattr(keras_hub.models, each) for each in (f"{name.removesuffix('Backbone')}CausalLM",))
        assert set(inspect.signature(kind._build_cache).parameters) - {"self"} <= _KNOWN, name
        assert list(inspect.signature(kind.call_with_cache).parameters)[1:4] == [
            "token_ids",
            "cache",
            "cache_update_index",
        ], name


def test_a_position_given_again_replaces_what_was_there():
    body = build_backbone().generator.body
    task = task_class(body)(backbone=body, preprocessor=None)
    rows = tf.constant([[7, 8, 9, 0]])
    whole = np.asarray(task({"token_ids": rows, "padding_mask": tf.ones_like(rows)}))
    cache = hub_calls.build_cache(task, rows, tf.constant([[1, 1, 0, 0]]))
    scores, cache = hub_calls.call_with_cache(task, rows[:, 1:2], cache, tf.constant(1))
    np.testing.assert_allclose(np.asarray(scores), whole[:, 1], atol=1e-4)
    other = tf.constant([[7, 8, 50, 0]])
    scores, _ = hub_calls.call_with_cache(task, other[:, 2:3], cache, tf.constant(2))
    changed = np.asarray(task({"token_ids": other, "padding_mask": tf.ones_like(rows)}))
    np.testing.assert_allclose(np.asarray(scores), changed[:, 2], atol=1e-4)


def test_a_class_that_takes_other_things_is_noticed():
    with pytest.raises(AttributeError):
        hub_calls.build_cache(object(), None, None)
