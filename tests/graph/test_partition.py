from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

from kerastune_ft.backbones.build import build
from kerastune_ft.config.facts.applications import APPLICATIONS
from kerastune_ft.config.options import phases as options
from kerastune_ft.config.options.backbones import Applications
from kerastune_ft.errors import ConfigError
from kerastune_ft.graph.boundary import HEAD, resolve
from kerastune_ft.graph.depth import units_by_depth
from kerastune_ft.graph.partition import partition, partition_at_meeting, split_prefix, tensor_bytes
from kerastune_ft.graph.units import units_by_name
from tests.support.graph_models import (
    LENGTH,
    WIDTH,
    application,
    check_every_boundary,
    check_partition,
    masked_encoder,
    paths_from,
    random_inputs,
    reader_and_writer,
    skip_segmenter,
    tied_language_model,
)


def test_an_application_compiled_in_two_parts_computes_the_same() -> None:
    backbone = application("MobileNetV2")
    trained = set(resolve(options.From(unit="block9"), backbone.units, "unfreeze").variables)
    parts = check_partition(backbone.model, trained, rows=2)
    assert parts.prefix is not None
    assert len(parts.cut) == 1
    assert parts.cut_bytes < 64 * 64 * 96 * 4


@pytest.mark.parametrize("name", ["VGG16", "MobileNetV3Small"])
def test_an_application_cut_at_every_boundary(name: str) -> None:
    assert check_every_boundary(application(name)) <= 3


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(set(APPLICATIONS) - {"VGG16", "MobileNetV3Small"}))
def test_every_other_application_cut_at_every_boundary(name: str) -> None:
    keras.utils.clear_session()
    size = max(64, APPLICATIONS[name].minimum)
    assert check_every_boundary(build(Applications(name=name, weights=None, image_size=size), seed=0)) <= 3


def test_everything_trained_leaves_no_prefix() -> None:
    model = skip_segmenter()
    parts = partition(model, {variable.path for variable in model.variables})
    assert parts.prefix is None
    assert parts.tail is model
    assert parts.cut_bytes == 16 * 16 * 3 * 4


def test_a_frozen_layer_without_variables_is_no_prefix_worth_storing() -> None:
    inputs = keras.Input((4,))
    x = keras.layers.Dense(2, name="first")(keras.layers.Rescaling(0.5)(inputs))
    assert partition(keras.Model(inputs, x), {"first/kernel"}).prefix is None


def _branches(stride: int) -> keras.Model:
    """Return a model whose first convolution is read through an activation and a pooling by each of three others."""
    inputs = keras.Input((8, 8, 3))
    x = keras.layers.Conv2D(4, 3, padding="same", name="first")(inputs)
    x = keras.layers.ReLU(name="shared")(x)
    read = [keras.layers.MaxPooling2D(4, stride, "same", name=f"pool_{number}")(x) for number in range(3)]
    read = [keras.layers.Conv2D(2, 1, name=f"branch_{number}")(one) for number, one in enumerate(read)]
    return keras.Model(inputs, keras.layers.Add()(read))


@pytest.mark.parametrize(("stride", "cut"), [(1, ("shared",)), (4, ("pool_0", "pool_1", "pool_2"))])
def test_the_tail_repeats_what_is_computed_from_one_smaller_tensor(stride: int, cut: tuple[str, ...]) -> None:
    parts = check_partition(_branches(stride), {f"branch_{number}/kernel" for number in range(3)})
    assert parts.cut_names == cut


def test_a_model_with_skip_connections_has_several_tensors_in_its_cut() -> None:
    model = skip_segmenter()
    decoder = {variable.path for variable in model.variables if variable.path.startswith(("up_", "classes"))}
    parts = check_partition(model, decoder)
    assert sorted(tuple(tensor.shape[1:]) for tensor in parts.cut) == [(8, 8, 14), (16, 16, 4)]
    assert parts.cut_bytes == 4 * (8 * 8 * 14 + 16 * 16 * 4)
    assert parts.cut_bytes == sum(map(tensor_bytes, parts.cut))
    middle = decoder | {"middle/kernel", "middle/bias"}
    # The inner skip and what is pooled of it for the middle are one tensor.
    assert sorted(tuple(tensor.shape[1:]) for tensor in check_partition(model, middle).cut) == [(8, 8, 6), (16, 16, 4)]
    units = units_by_depth(model)
    for first in range(1, len(units)):
        check_partition(model, paths_from(units, first))


def _blocks(model: keras.Model) -> tuple:
    def unit(name: str) -> str | None:
        number = name.split("_")[1] if name.startswith("layer_") else ""
        return (
            f"layer_{number}" if number else {"embedding": "embedding", "final_norm": "top", "output": "top"}.get(name)
        )

    return units_by_name(model, unit)


def test_a_model_of_two_inputs_is_exact_at_each_block() -> None:
    model = masked_encoder()
    units = _blocks(model)
    assert [unit.id for unit in units] == ["embedding", "layer_0", "layer_1", "top"]
    for first in range(1, len(units)):
        parts = check_partition(model, paths_from(units, first))
        # The features, the mask as attention reads it, as pooling reads it, and its sum: all from the inputs alone.
        assert len(parts.cut) <= 4
        assert any(tensor.shape[1:] == (LENGTH, WIDTH) for tensor in parts.cut) or units[first].id == "top"


class _TiedModel:
    """A tied model with the paths of each part."""

    def __init__(self) -> None:
        self.model = tied_language_model()
        paths = [
            variable.path for variable in self.model.variables if not variable.path.endswith("seed_generator_state")
        ]
        self.table = {path for path in paths if path.startswith("embedding/")}
        self.blocks = [{path for path in paths if path.startswith(f"layer_{number}_")} for number in range(3)]
        self.top = {path for path in paths if path.startswith("final_norm/")}


@pytest.fixture(scope="module")
def tied() -> _TiedModel:
    return _TiedModel()


def test_a_tied_model_with_frozen_table_is_exact_at_each_block(tied: _TiedModel) -> None:
    for first in range(3):
        trained = set().union(*tied.blocks[first:], tied.top)
        parts = partition(tied.model, trained)
        assert [tuple(tensor.shape[1:]) for tensor in parts.cut] == [(LENGTH, WIDTH)]
        # The table stands on both sides, frozen: once as embedding, once as output.
        assert any(variable.path in tied.table for variable in parts.prefix.variables)
        assert any(variable.path in tied.table for variable in parts.tail.variables)
        check_partition(tied.model, trained)


def test_a_trained_table_puts_both_its_uses_into_the_tail(tied: _TiedModel) -> None:
    parts = partition(tied.model, tied.table)
    assert parts.prefix is None
    assert parts.tail is tied.model


def test_a_tied_model_has_no_head_to_train_alone(tied: _TiedModel) -> None:
    units = units_by_depth(tied.model)
    selection = resolve(options.HeadOnly(), units, "phases[0].unfreeze")
    assert (selection.units, selection.boundary, selection.variables) == ((), HEAD, frozenset())
    with pytest.raises(ConfigError, match=r'nothing would train: .*"unfreeze": \{"last": 1\}'):
        partition(tied.model, selection.variables)


def test_trained_variables_change_and_no_other() -> None:
    model = skip_segmenter()
    trained = {"middle/kernel", "middle/bias", "classes/kernel"}
    parts = partition(model, trained)
    variables = {variable.path: variable for variable in model.variables}
    before = {path: variable.numpy() for path, variable in variables.items()}
    native = [variables[path].value for path in sorted(trained)]
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(native)
        outputs = parts.tail(parts.prefix(random_inputs(model)[0], training=False), training=False)
        loss = tf.reduce_sum(tf.square(outputs))
    for variable, gradient in zip(native, tape.gradient(loss, native), strict=True):
        variable.assign_sub(1e-9 * gradient + 1e-6)
    assert {
        path for path, variable in variables.items() if not np.array_equal(variable.numpy(), before[path])
    } == trained


def paths_of(model: keras.Model, *layers: str) -> set[str]:
    return {variable.path for name in layers for variable in model.get_layer(name).variables}


def test_rows_above_a_meeting_hold_what_is_not_passed_on() -> None:
    model = reader_and_writer()
    trained = paths_of(model, "cross_1", "decoder_1", "output")
    whole = partition(model, trained)
    met = partition_at_meeting(model, trained, (), whole)
    assert met is not None
    low, high = split_prefix(whole, met, passes=True)
    kept = {high.cut_names[place] for place in high.new}
    assert kept and not kept & set(low.cut_names)
    passed = [(name, below) for name, below in zip(high.cut_names, high.passed, strict=True) if below is not None]
    assert "encoder_1" in dict(passed)
    assert all(low.cut_names[below] == name for name, below in passed)
    inputs = random_inputs(model)
    lower = low.model(inputs, training=False)
    upper = high.model(lower, training=False)
    for found, expected in zip(upper, whole.prefix(inputs, training=False), strict=True):
        assert np.array_equal(found, expected)
    for place, below in enumerate(high.passed):
        assert below is None or np.array_equal(upper[place], lower[below])


def test_a_meeting_is_the_same_below_all_cuts_of_a_decoder() -> None:
    model, found = reader_and_writer(3), []
    for trained in (("cross_2", "decoder_2"), ("cross_1", "decoder_1", "cross_2", "decoder_2")):
        paths = paths_of(model, *trained)
        met = partition_at_meeting(model, paths, (), partition(model, paths))
        assert met is not None
        found.append(met.cut_names)
    assert found[0] == found[1] == partition(model, paths_of(model, "cross_0")).cut_names


@pytest.mark.parametrize(
    ("build", "trained"),
    [
        # The cut is the meeting; the encoder trains too; the tail reads the decoder alone; nothing meets.
        (reader_and_writer, ("cross_0", "decoder_0", "cross_1", "decoder_1")),
        (reader_and_writer, ("encoder_1", "cross_0")),
        (reader_and_writer, ("output",)),
        (masked_encoder, ("output",)),
    ],
)
def test_without_anything_to_share_there_is_no_meeting(build: type, trained: tuple[str, ...]) -> None:
    model = build()
    paths = paths_of(model, *trained)
    assert partition_at_meeting(model, paths, (), partition(model, paths)) is None
    assert split_prefix(partition(model, paths), partition(model, paths))[0].passed == ()
