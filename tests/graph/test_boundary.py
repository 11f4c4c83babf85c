from __future__ import annotations

from typing import Any

import keras
import pytest

from kerastune_ft.config.options import phases as options
from kerastune_ft.errors import ConfigError
from kerastune_ft.graph.boundary import resolve
from kerastune_ft.graph.units import Unit, units_by_name

PLACE = "phases[1] (top).unfreeze"


def _build() -> tuple[Unit, ...]:
    x = inputs = keras.Input((8, 8, 3), name="x")
    x = keras.layers.Normalization(name="stem_scale")(x)
    for block in ("stem", "block1", "block2"):
        x = keras.layers.Conv2D(4, 3, padding="same", name=f"{block}_conv")(x)
        x = keras.layers.BatchNormalization(name=f"{block}_norm")(x)
    inner = keras.Sequential(
        [keras.Input((8, 8, 4)), keras.layers.Conv2D(4, 1, name="conv"), keras.layers.BatchNormalization(name="norm")],
        name="block3_pair",
    )
    x = keras.layers.BatchNormalization(name="top_norm")(keras.layers.Dropout(0.1, name="top_drop")(inner(x)))
    return units_by_name(keras.Model(inputs, x), lambda name: name.split("_")[0] if "_" in name else None)


@pytest.fixture(scope="module")
def units() -> tuple[Unit, ...]:
    return _build()


def _resolve(units: tuple[Unit, ...], unfreeze: Any) -> tuple[tuple[str, ...], str]:
    selection = resolve(unfreeze, units, PLACE)
    held = {path for unit in units if unit.id in selection.units for path in (one.path for one in unit.variables)}
    assert selection.variables <= held
    return selection.units, selection.boundary


ALL = ("stem", "block1", "block2", "block3")


@pytest.mark.parametrize(
    ("unfreeze", "trained"),
    [
        (options.HeadOnly(), ()),
        (options.Everything(), ALL),
        (options.First(count=1), ALL[:1]),
        (options.FirstFraction(share=0.5), ALL[:3]),
        (options.Last(count=2), ALL[3:]),
        (options.Last(count=5), ALL),
        (options.From(unit="block2"), ALL[2:]),
        (options.Fraction(share=0.4), ALL[3:]),
        (options.Fraction(share=0.41), ALL[2:]),
        (options.Fraction(share=1.0), ALL),
        (options.Match(globs=("block[12]", "top")), ALL[1:3]),
        (options.Match(globs=("stem", "block3")), (ALL[0], ALL[3])),
        (options.Variables(globs=("*/bias",)), ALL),
        (options.Variables(globs=("block1_conv/kernel",)), ALL[1:2]),
    ],
    ids=repr,
)
def test_a_request_selects_units(units: tuple[Unit, ...], unfreeze: Any, trained: tuple[str, ...]) -> None:
    assert _resolve(units, unfreeze) == (trained, trained[0] if trained else "head")


def test_normalisation_never_trains_however_deep_it_lies(units: tuple[Unit, ...]) -> None:
    selection = resolve(options.Everything(), units, PLACE)
    assert selection.variables == {
        f"{layer}/{name}"
        for layer in ("stem_conv", "block1_conv", "block2_conv", "block3_pair/conv")
        for name in ("kernel", "bias")
    }


NORMS = {unit: f"{unit}_norm" for unit in ALL[:3]} | {"block3": "block3_pair/norm", "top": "top_norm"}


def _moving(*units: str) -> tuple[str, ...]:
    return tuple(f"{NORMS[unit]}/moving_{name}" for unit in units for name in ("mean", "variance"))


@pytest.mark.parametrize(
    ("unfreeze", "named"),
    [
        (options.HeadOnly(), ()),
        (options.Everything(), (*ALL, "top")),
        (options.Last(count=1), ("top",)),
        (options.From(unit="block2"), ("block2", "block3", "top")),
        (options.Match(globs=("stem", "block3")), ("stem", "block3")),
        (options.Variables(globs=("block1_conv/kernel",)), ("block1",)),
    ],
    ids=repr,
)
def test_batch_norm_holds_for_the_units_that_train(units: tuple[Unit, ...], unfreeze: Any, named: Any) -> None:
    frozen = resolve(unfreeze, units, PLACE) if named != ("top",) else None
    statistics = resolve(unfreeze, units, PLACE, "statistics")
    train = resolve(unfreeze, units, PLACE, "train")
    assert statistics.statistics == train.statistics == _moving(*named)
    assert statistics.units == train.units == named
    assert statistics.variables == (frozen.variables if frozen else frozenset())
    if not isinstance(unfreeze, options.Variables):
        own = {f"{NORMS[unit]}/{name}" for unit in named for name in ("gamma", "beta")}
        assert train.variables == statistics.variables | own


def test_globs_choose_gamma_and_beta_too(units: tuple[Unit, ...]) -> None:
    selection = resolve(options.Variables(globs=("*_norm/gamma",)), units, PLACE, "train")
    assert selection.variables == {f"{NORMS[unit]}/gamma" for unit in ("stem", "block1", "block2", "top")}
    assert selection.statistics == _moving("stem", "block1", "block2", "top")
    for batch_norm in ("statistics", "train"):
        glob = "*/gamma" if batch_norm == "statistics" else "*/moving_mean"
        with pytest.raises(ConfigError, match=f"which do not train with '{batch_norm}'"):
            resolve(options.Variables(globs=(glob,)), units, PLACE, batch_norm)


@pytest.mark.parametrize(
    ("unfreeze", "message"),
    [
        (
            options.From(unit="bloc2"),
            "there is no unit 'bloc2'; did you mean 'block2'? the units are stem, block1, block2, block3, top",
        ),
        (options.From(unit="layer_9"), "there is no unit 'layer_9'; the units are stem, block1, block2, block3, top"),
        (options.Last(count=6), '{"last": 6} asks for more than the 5 units there are; write "all"'),
        (options.Match(globs=("block2", "blok*")), "'blok*' matches no unit; did you mean 'block"),
        (
            options.Match(globs=("top",)),
            'top holds only normalisation layers, which stay frozen (batch_norm); {"last": 2} trains block3',
        ),
        (
            options.Last(count=1),
            'top holds only normalisation layers, which stay frozen (batch_norm); {"last": 2} trains block3',
        ),
        (
            options.Variables(globs=("block1_conv/kernl",)),
            "'block1_conv/kernl' matches no variable; did you mean 'block1_conv/kernel'?",
        ),
        (
            options.Variables(globs=("zzz",)),
            "'zzz' matches no variable; see: python -m kerastune_ft units NAME --variables",
        ),
        (
            options.Variables(globs=("*/gamma",)),
            "'*/gamma' matches only variables of normalisation layers (stem_norm/gamma, ...)",
        ),
    ],
    ids=repr,
)
def test_what_matches_nothing_is_an_error(units: tuple[Unit, ...], unfreeze: Any, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        resolve(unfreeze, units, PLACE)
    assert str(caught.value).startswith(f"{PLACE}: {message}")
    assert caught.value.exit_code == 2


def test_units_that_cannot_train_are_named_with_what_can() -> None:
    x = inputs = keras.Input((4,), name="x")
    for name in ("a_norm", "b_dense", "c_norm", "d_norm"):
        layer = keras.layers.Dense(4, name=name) if name == "b_dense" else keras.layers.BatchNormalization(name=name)
        x = layer(x)
    units = units_by_name(keras.Model(inputs, x), lambda name: name[0] if "_" in name else None)
    for request, words in (
        (options.From(unit="c"), r'c, d hold only .*; \{"last": 3\} trains b$'),
        (options.Match(globs=("a", "c")), r'a, c hold only .*; \{"last": 3\} trains b$'),
    ):
        with pytest.raises(ConfigError, match=words):
            resolve(request, units, PLACE)
    with pytest.raises(ConfigError, match=r'd holds only .*; no unit .* write "none" to train the head alone$'):
        resolve(options.Last(count=1), units[2:], PLACE)


def test_biases_are_those_of_layers_and_never_of_frozen_norms(units: tuple[Unit, ...]) -> None:
    selection = resolve(options.Biases(), units, PLACE)
    assert selection.variables == {f"{block}_conv/bias" for block in ALL[:3]} | {"block3_pair/conv/bias"}
    assert selection.units == ALL
    for has_norm, why in ((True, "those of its BatchNorm layers stay frozen"), (False, "its layers have none")):
        x = inputs = keras.Input((4,))
        x = keras.layers.BatchNormalization(name="stem_norm")(x) if has_norm else x
        bare = units_by_name(
            keras.Model(inputs, keras.layers.Dense(3, use_bias=False, name="stem_dense")(x)), lambda name: "stem"
        )
        with pytest.raises(ConfigError, match=f"no bias can train, since {why}"):
            resolve(options.Biases(), bare, PLACE)
    with pytest.raises(ConfigError, match=r'{"first": 9} asks for more than the 5 units there are'):
        resolve(options.First(count=9), units, PLACE)
