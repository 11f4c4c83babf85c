"""Which layers get an adapter: the default, patterns, and what is wrong with a pattern."""

from __future__ import annotations

import functools

import keras
import pytest

from kerastune_ft.config.options.phases import Everything, Last, Lora
from kerastune_ft.errors import ConfigError
from kerastune_ft.graph import lora
from kerastune_ft.graph.lora_targets import find_targets, select_adapters
from kerastune_ft.graph.units import Unit

layers = keras.layers


@functools.cache
def units() -> tuple[Unit, ...]:
    """A convolution, a block of attention, and one of names that tell nothing."""
    x = images = keras.Input((8, 8, 3))
    stem = [layers.Conv2D(4, 3, name="stem_conv"), layers.Conv2D(6, 1, name="stem_wide")]
    block = [layers.MultiHeadAttention(2, 3, name="attention"), layers.Dense(6, name="expand")]
    top = [layers.DepthwiseConv2D(3, name="depthwise"), layers.Dense(5, name="last")]
    for layer in stem:
        x = layer(x)
    x = block[1](block[0](x, x))
    for layer in top:
        x = layer(x)
    keras.Model(images, x)
    return tuple(Unit(name, tuple(held), ()) for name, held in (("stem", stem), ("block", block), ("top", top)))


def find(lora_options: Lora, number: int = 3) -> dict[str, list[str]]:
    return {
        unit: list(own) for unit, own in find_targets(lora_options, Last(last=number), units(), "phases[1] (x)").items()
    }


def test_projections_of_attention_are_the_default_where_there_are_any() -> None:
    assert find(Lora(rank=2)) == {"block": ["attention/query", "attention/value"]}


def test_else_all_dense_layers_and_pointwise_convolutions() -> None:
    assert find(Lora(rank=2), 1) == {"top": ["last"]}
    stem = find_targets(Lora(rank=2), Everything(), units()[:1], "here")
    assert list(stem["stem"]) == ["stem_wide"]


@pytest.mark.parametrize(
    ("globs", "expected"),
    [
        (["*"], {"stem": 2, "block": 5, "top": 1}),
        (["query", "key"], {"block": 2}),
        (["attention/*"], {"block": 4}),
        (["*/value", "last"], {"block": 1, "top": 1}),
        (["stem_*"], {"stem": 2}),
    ],
)
def test_patterns_name_paths_or_names(globs: list[str], expected: dict[str, int]) -> None:
    assert {unit: len(own) for unit, own in find(Lora(rank=2, targets=globs)).items()} == expected


@pytest.mark.parametrize(
    ("globs", "number", "message"),
    [
        (["qerry"], 3, "'qerry' matches no layer; did you mean 'query'?"),
        (["stem_conv"], 2, "'stem_conv' matches stem_conv of stem, which unfreeze does not name; it names block, top"),
        (["depthwise"], 3, "matches depthwise, a DepthwiseConv2D, which cannot carry an adapter; Dense, EinsumDense"),
        (["query", "zzz"], 3, "'zzz' matches no layer; those that can carry an adapter are stem_conv, stem_wide"),
    ],
)
def test_a_pattern_that_gives_nothing(globs: list[str], number: int, message: str) -> None:
    with pytest.raises(ConfigError) as error:
        find(Lora(rank=2, targets=globs), number)
    assert str(error.value).startswith("phases[1] (x).lora.targets: ")
    assert message in str(error.value)


def test_units_without_a_layer_for_it() -> None:
    bare = (Unit("bare", (layers.ReLU(name="relu"),), ()),)
    with pytest.raises(ConfigError, match=r'bare has no dense layer and no 1x1 .*; unfreeze other units, or "all"'):
        find_targets(Lora(rank=1), Everything(), bare, "phases[0] (x)")


def test_adapters_alone_train() -> None:
    chosen = find_targets(Lora(rank=2, targets=("last",)), Last(last=2), units(), "here")
    for own in chosen.values():
        for path, layer in own.items():
            lora.attach(layer, path, 2, 2, seed=0)
    selection = select_adapters(chosen)
    assert selection.units == ("top",)
    assert selection.boundary == "top"
    assert selection.variables == {"last/lora_a", "last/lora_b"}
