from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
import pytest

from kerastune_ft.config.options import phases as options
from kerastune_ft.config.options.phases import Phase
from kerastune_ft.config.options.updates.rates import RatePolicy
from kerastune_ft.config.read import read
from kerastune_ft.errors import ConfigError
from kerastune_ft.graph.boundary import resolve
from kerastune_ft.graph.units import Unit, units_by_name
from kerastune_ft.training.devices import devices
from kerastune_ft.training.phase import freeze
from kerastune_ft.training.plan import build
from kerastune_ft.training.plan.keys import batch_norm
from kerastune_ft.training.session.assemble import assemble
from kerastune_ft.training.session.session import Session

PLACE = "phases[1] (top).batch_norm"


def _units(norm: type[keras.layers.Layer], **arguments: object) -> tuple[Unit, ...]:
    x = inputs = keras.Input((8, 8, 3))
    for block in ("stem", "block1"):
        x = keras.layers.Conv2D(4, 3, name=f"{block}_conv")(x)
        x = norm(name=f"{block}_norm", **arguments)(x)
    return units_by_name(keras.Model(inputs, x), lambda name: name.split("_")[0] if "_" in name else None)


def _check(units: tuple[Unit, ...], mode: str) -> None:
    unfreeze = options.Everything()
    batch_norm.check(units, resolve(unfreeze, units, "unfreeze", mode), mode, PLACE)


@pytest.mark.parametrize("mode", ["statistics", "train"])
def test_units_without_a_batch_norm_are_an_error(mode: str) -> None:
    # As in ConvNeXt and ViT.
    with pytest.raises(ConfigError) as caught:
        _check(_units(keras.layers.LayerNormalization), mode)
    assert str(caught.value) == (
        f'{PLACE}: "{mode}" has no effect, since no unit that trains (stem, block1) holds a BatchNorm layer; remove it'
    )
    _check(_units(keras.layers.LayerNormalization), "frozen")


def test_layers_without_gamma_and_beta_cannot_train() -> None:
    units = _units(keras.layers.BatchNormalization, center=False, scale=False)
    _check(units, "statistics")
    with pytest.raises(ConfigError, match=r'"train" would train no gamma or beta.*write "statistics"'):
        _check(units, "train")


@pytest.mark.parametrize(
    ("mode", "batch_size", "examples", "told"),
    [
        ("frozen", 2, 100, None),
        ("train", 8, 64, None),
        ("train", 16, 72, None),
        ("statistics", 7, 70, "of 7 examples, too few for steady ones"),
        ("train", 16, 65, "of one example at the end of every epoch"),
        ("train", 16, 71, "of 7 examples at the end of every epoch"),
    ],
)
def test_moments_of_few_examples_are_told(mode: str, batch_size: int, examples: int, told: str | None) -> None:
    phase = Phase(
        name="top", unfreeze=options.Everything(), epochs=1, learning_rate=RatePolicy(peak=0.1), batch_norm=mode
    )
    found = batch_norm.notes(phase, [keras.layers.BatchNormalization()], batch_size, 1000, examples)
    assert len(found) == (told is not None)
    assert all(str(told) in one and one.startswith("phase top: ") for one in found)


def test_a_larger_batch_is_not_advised_where_there_are_no_more_examples() -> None:
    phase = Phase(
        name="top", unfreeze=options.Everything(), epochs=1, learning_rate=RatePolicy(peak=0.1), batch_norm="train"
    )
    found = batch_norm.notes(phase, [keras.layers.BatchNormalization(momentum=0.99)], 1, 1, 1)
    assert found[0].endswith('of 1 example, too few for steady ones; give "frozen"')
    assert "after its one batch the moving statistics" in found[1]


@pytest.mark.parametrize(
    ("mode", "steps", "momentum", "told"),
    [
        ("frozen", 10, 0.99, None),
        ("train", 150, 0.99, None),
        ("train", 50, 0.99, "after its 100 batches the moving statistics, which validation and the final model use, "
         "still are 37 % those it began with (momentum 0.99)"),
        ("statistics", 150, 0.999, "after its 300 batches"),
    ],
)  # fmt: skip
def test_statistics_that_have_no_time_to_move_are_told(mode: str, steps: int, momentum: float, told: str) -> None:
    phase = Phase(
        name="top",
        unfreeze=options.Everything(),
        epochs=1,
        learning_rate=RatePolicy(peak=0.1),
        batch_norm=mode,
        accumulate=2,
    )
    norms = [keras.layers.BatchNormalization(momentum=0.5), keras.layers.BatchNormalization(momentum=momentum)]
    found = batch_norm.notes(phase, norms, 16, steps, 64)
    assert len(found) == (told is not None)
    assert all(told in one for one in found)


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Session:
    folder: Path = tmp_path_factory.mktemp("batch_norm")
    random = np.random.default_rng(0)
    np.savez(folder / "data.npz", x=random.integers(0, 256, (40, 32, 32, 3)).astype(np.uint8), y=np.arange(40) % 2)
    phase = {"unfreeze": {"last": 2}, "epochs": 1, "learning_rate": 0.01}
    config = read(
        {
            "task": {"kind": "image_classification"},
            "data": {"kind": "arrays", "path": str(folder / "data.npz")},
            "backbone": {"kind": "applications", "name": "MobileNetV2", "weights": "embedded", "image_size": 32},
            "phases": [{**phase, "name": mode, "batch_norm": mode} for mode in ("frozen", "statistics", "train")]
            + [{**phase, "name": "one", "batch_norm": "statistics", "unfreeze": {"variables": ["Conv_1/kernel"]}}],
            "runtime": {"cache_directory": str(folder / "cache"), "strategy": "none"},
        }
    )
    return assemble(config, devices.resolve(config.runtime), lambda line: None)


def _active(session: Session) -> set[str]:
    return {
        layer.name
        for layer in session.model.layers
        if isinstance(layer, keras.layers.BatchNormalization) and layer.trainable
    }


def test_only_batch_norms_of_units_that_train_are_active_and_only_where_asked(session: Session) -> None:
    block = {"block_16_expand_BN", "block_16_depthwise_BN", "block_16_project_BN"}
    for phase, wanted in zip(build.make(session).phases, (set(), block | {"Conv_1_bn"}), strict=False):
        freeze.freeze_all_but(session, phase.selection, phase.trained)
        assert _active(session) == wanted
    train, one = build.make(session).phases[2:]
    freeze.freeze_all_but(session, train.selection, train.trained)
    assert _active(session) == block | {"Conv_1_bn"}
    freeze.freeze_all_but(session, one.selection, one.trained)
    assert _active(session) == {"Conv_1_bn"}


def test_a_batch_norm_below_all_trained_variables_is_in_the_tail_if_it_is_updated(session: Session) -> None:
    for phase in build.make(session).phases:
        tail = {layer.name for layer in phase.partition.tail.layers}
        updated = {path.partition("/")[0] for path in phase.selection.statistics}
        assert updated <= tail
        assert set(phase.changing) == {*phase.trained, *phase.selection.statistics}


def test_what_is_updated_counts_neither_as_trained_nor_as_frozen(session: Session) -> None:
    made = build.make(session).document["phases"]
    total = sum(int(np.prod(variable.shape)) for variable in session.variables.values())
    statistics = sum(int(np.prod(session.variables[path].shape)) for path in made[1]["updated_variables"])
    assert [phase["batch_norm_layers"] for phase in made] == [4, 4, 4, 1]
    assert made[0]["trainable_parameters"] + made[0]["frozen_parameters"] == total
    assert made[1]["trainable_parameters"] + made[1]["frozen_parameters"] + statistics == total
    assert made[2]["trainable_parameters"] == made[1]["trainable_parameters"] + statistics
