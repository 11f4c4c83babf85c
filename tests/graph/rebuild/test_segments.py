"""Segments of a model, one for each of its blocks, compute together what the model computes."""

from __future__ import annotations

import keras
import numpy as np

from kerastune_ft.graph.rebuild import segments

BLOCKS = {"a": 0, "b": 1, "c": 2, "out": 3}


def _net() -> keras.Model:
    """The last block reads what the first makes, and the mask goes through all."""
    rows, mask = keras.Input((4,)), keras.Input((4,))
    a = keras.layers.Dense(4, name="a")(rows)
    b = keras.layers.Dense(4, name="b")(a * mask)
    c = keras.layers.Dense(4, name="c")(b * mask)
    unread = keras.layers.Dense(4, name="above")(c)
    assert unread is not None
    return keras.Model([rows, mask], keras.layers.Dense(2, name="out")(c + a))


def test_each_segment_takes_what_others_make() -> None:
    model = _net()
    found = segments.cut_segments(model, BLOCKS)
    assert [[layer.name for layer in each.model.layers if layer.name in BLOCKS] for each in found] == [
        ["a"], ["b"], ["c"], ["out"],
    ]  # fmt: skip
    assert segments.count(model, BLOCKS) == 4
    random = np.random.default_rng(0)
    given = [keras.ops.convert_to_tensor(random.normal(size=(3, 4)).astype(np.float32)) for _ in model.inputs]
    known = dict(zip(map(id, model.inputs), given, strict=True))
    for each in found:
        taken = [known[place] for place in each.takes]
        made = each.model(taken if len(taken) > 1 else taken[0])
        known |= zip(each.gives, made if isinstance(made, list | tuple) else [made], strict=True)
    np.testing.assert_allclose(known[id(model.outputs[0])], model(given), rtol=1e-6, atol=1e-6)


def test_a_model_of_one_block_is_not_cut() -> None:
    assert segments.cut_segments(_net(), {}) == []
    assert segments.count(_net(), {}) == 1
