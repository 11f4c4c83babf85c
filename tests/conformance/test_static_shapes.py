"""What a TPU asks of compiled calls, without one: static shapes, no strings, and XLA's results are the plain ones."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from faults.subjects import SUBJECTS
from tensorflow.python.framework import op_def_registry

from kerastune_ft.config.read import read
from kerastune_ft.input.order import shuffle_batches
from kerastune_ft.training.devices import devices
from kerastune_ft.training.features.feed import Feed, compute_supply
from kerastune_ft.training.features.prefix import Prefix
from kerastune_ft.training.phase import freeze
from kerastune_ft.training.phase.evaluate import as_tensor
from kerastune_ft.training.phase.prepare import build_step
from kerastune_ft.training.plan import build, phase_plan
from kerastune_ft.training.plan.schedules import rate_table
from kerastune_ft.training.session.assemble import assemble
from kerastune_ft.training.session.session import Session
from kerastune_ft.training.updates import optimizers
from kerastune_ft.training.updates.step import PhaseStep
from tests.support import several_inputs

TOLERANCE = 1e-5
SIZE = 32


def _small_network(path: Path) -> Path:
    """Two residual blocks with normalisation and stochastic depth."""
    outputs = inputs = keras.Input((SIZE, SIZE, 3), name="images")
    outputs = keras.layers.Rescaling(1 / 127.5, offset=-1, name="rescaling")(outputs)
    outputs = keras.layers.Conv2D(8, 3, strides=2, name="stem_conv")(outputs)
    for block in ("block1", "block2"):
        branch = keras.layers.SeparableConv2D(8, 3, padding="same", name=f"{block}_conv")(outputs)
        branch = keras.layers.BatchNormalization(name=f"{block}_norm")(branch)
        branch = keras.layers.Activation("swish", name=f"{block}_swish")(branch)
        branch = keras.layers.Dropout(0.4, noise_shape=(None, 1, 1, 1), name=f"{block}_drop")(branch)
        outputs = keras.layers.Add(name=f"{block}_add")([outputs, branch])
    keras.Model(inputs, outputs).save(path)
    return path


@dataclass(frozen=True)
class Bench:
    """A session whose second phase has everything a step can have, and the batches of its first epoch."""

    session: Session
    plan: phase_plan.Plan
    batches: list[tuple]

    @property
    def phase(self) -> phase_plan.PhasePlan:
        return self.plan.phases[1]

    def step(self) -> PhaseStep:
        """The compiled calls of the phase, with a new optimizer."""
        freeze.freeze_all_but(self.session, self.phase.selection, self.phase.trained)
        rates = rate_table(self.phase.phase.learning_rate, self.phase.steps)
        variables = [self.session.variables[path] for path in self.phase.trained]
        optimizer = optimizers.build(self.phase.phase, variables, rates, self.phase.factors)
        return build_step(self.session, self.phase, optimizer)

    def prefix(self) -> Prefix:
        """The compiled calls of the frozen part."""
        return Prefix(self.session.devices, self.phase.stages, self.plan.chunk)


def _of_classes(folder: Path, backbone: dict[str, Any]) -> dict[str, Any]:
    images = np.random.default_rng(0).integers(0, 256, (60, SIZE, SIZE, 3)).astype(np.uint8)
    np.savez(folder / "data.npz", x=images, y=np.arange(60) % 2)
    data = {"kind": "arrays", "path": str(folder / "data.npz")}
    return {"task": {"kind": "image_classification"}, "data": data, "backbone": backbone}


def _of_small(folder: Path) -> dict[str, Any]:
    return _of_classes(folder, {"kind": "saved", "path": str(_small_network(folder / "small.keras"))})


def _of_efficient_net(folder: Path) -> dict[str, Any]:
    name = "EfficientNetB0"
    return _of_classes(folder, {"kind": "applications", "name": name, "weights": None, "image_size": SIZE})


# By name the sections of a configuration, and the units that its second phase trains.
BENCHES: dict[str, tuple[Callable[[Path], dict[str, Any]], int]] = {
    "small": (_of_small, 2),
    "EfficientNetB0": (_of_efficient_net, 3),
    "boxes": (SUBJECTS["boxes"].sections, 1),
}


@pytest.fixture(
    scope="module", params=[pytest.param(name, marks=[] if name == "small" else pytest.mark.slow) for name in BENCHES]
)
def bench(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Bench:
    folder: Path = tmp_path_factory.mktemp("static_shapes")
    sections, units = BENCHES[request.param]
    config = read(
        {
            **sections(folder),
            "head": {"dropout": 0.3},
            "defaults": {"clip_norm": 0.5, "epochs": 1},
            "phases": [
                # Its small batch makes the chunk small, so that the prefix of the next phase runs in several.
                {"name": "head", "unfreeze": "none", "batch_size": 8, "learning_rate": 0.01},
                {
                    "name": "top",
                    "unfreeze": {"last": units},
                    "batch_size": 16,
                    "accumulate": 2,
                    "learning_rate": {"peak": 0.003, "shape": "cosine", "unit_decay": 0.5},
                    "augment": "light",
                },
            ],
            "runtime": {"cache_directory": str(folder / "cache"), "strategy": "none", "precision": "float32"},
        }
    )
    session = assemble(config, devices.resolve(config.runtime), lambda line: None)
    made = build.make(session)
    phase = made.phases[1]
    order = shuffle_batches(
        session.source.splits["train"], phase.update_batch, phase.phase.accumulate, (config.seed, 1, 0)
    )
    dataset = session.loader.batches(order, 1, phase_plan.augmentation(session, phase), epoch=0)
    return Bench(session, made, list(dataset))


def _with_xla(step: PhaseStep, prefix: Prefix) -> None:
    """Have each of the calls compiled as a whole by XLA: what it cannot compile is an error."""
    prefix._calls = [tf.function(call.python_function, jit_compile=True) for call in prefix._calls]
    prefix._split_call = tf.function(prefix._split, jit_compile=True)
    prefix._join_call = tf.function(prefix._join, jit_compile=True)
    step._train_call = tf.function(step._train, jit_compile=True)
    step._output_call = tf.function(step._outputs, jit_compile=True)


def test_xla_trains_and_evaluates_like_the_plain_step(bench: Bench) -> None:
    session = bench.session
    start = session.values(session.variables)
    assert bench.phase.partition.prefix is not None
    assert bench.batches[0][0].shape[0] > bench.plan.chunk
    found = []
    for is_compiled in (False, True):
        session.assign(start)
        step, prefix = bench.step(), bench.prefix()
        if is_compiled:
            _with_xla(step, prefix)
        batches = [(prefix(inputs), *others) for inputs, *others in bench.batches]
        sums = np.array([step.train(batch, as_tensor(0)) for batch in batches])
        found.append((sums, step.outputs(batches[0][0]).numpy(), session.values(bench.phase.trained)))
    (sums, outputs, weights), (xla_sums, xla_outputs, xla_weights) = found
    np.testing.assert_allclose(xla_sums, sums, rtol=TOLERANCE)
    # Distances of boxes are in pixels, up to hundreds.
    np.testing.assert_allclose(xla_outputs, outputs, rtol=TOLERANCE, atol=TOLERANCE)
    moved = 0.0
    for path, values in weights.items():
        # Adam turns the sign of a gradient near zero into a whole step, which is 0.003 and less.
        np.testing.assert_allclose(xla_weights[path], values, atol=5 * TOLERANCE, err_msg=path)
        moved = max(moved, float(np.abs(values - start[path]).max()))
    assert moved > 100 * TOLERANCE


def _outputs_of_operations(call: Any, *arguments: Any) -> Iterator[tuple[str, set[tf.DType], tf.TensorShape]]:
    """Yield operation, types and shape of every tensor in the graph of a call and in the functions it calls."""
    graph = call.get_concrete_function(*arguments).graph
    document = graph.as_graph_def(add_shapes=True)
    for nodes in (document.node, *(function.node_def for function in document.library.function)):
        for node in nodes:
            kinds = _kinds(node)
            # What a normalisation keeps for a gradient that nobody takes has no shape on CPUs.
            last = 1 if node.op == "FusedBatchNormV3" else None
            for shape in node.attr["_output_shapes"].list.shape[:last]:
                yield f"{node.op} {node.name}", kinds, tf.TensorShape(shape)


def _kinds(node: Any) -> set[tf.DType]:
    definition = op_def_registry.get(node.op)
    kinds: set[int] = set()
    # What is no operation of TensorFlow is a function of the graph, whose own operations are looked at.
    for output in definition.output_arg if definition else ():
        kinds |= {output.type or node.attr[output.type_attr].type}
        kinds |= set(node.attr[output.type_list_attr].list.type)
    return {tf.as_dtype(kind) for kind in kinds if kind}


@pytest.fixture
def tensors(bench: Bench) -> list[tuple[str, set[tf.DType], tf.TensorShape]]:
    """The tensors of the compiled calls of the phase."""
    step, prefix = bench.step(), bench.prefix()
    inputs, targets, weights, indices = bench.batches[0]
    pieces = prefix._split_call(inputs)
    (call,) = prefix._calls
    rows = tf.nest.flatten(inputs)[0].shape[0] // bench.session.devices.replicas
    features = prefix._join_call([call(piece) for piece in pieces], rows)
    asked = tf.zeros([1], bench.session.devices.sum_dtype)
    return [
        *_outputs_of_operations(prefix._split_call, inputs),
        *_outputs_of_operations(call, pieces[0]),
        *_outputs_of_operations(step._train_call, features, targets, weights, indices, as_tensor(0), asked),
        *_outputs_of_operations(step._output_call, features),
    ]


def test_no_shape_is_dynamic(tensors: list) -> None:
    unknown = [f"{name} {shape}" for name, _, shape in tensors if not shape.is_fully_defined()]
    assert len(tensors) > 300
    assert unknown == []


def test_no_tensor_is_a_string(tensors: list) -> None:
    assert [name for name, kinds, _ in tensors if tf.string in kinds] == []


def test_what_is_looked_for_would_be_found() -> None:
    def mask(numbers: tf.Tensor) -> tf.Tensor:
        return tf.strings.length(tf.as_string(tf.boolean_mask(numbers, numbers > 0)))

    found = list(_outputs_of_operations(tf.function(mask), tf.constant([1, 0, 2])))
    assert any(not shape.is_fully_defined() for _, _, shape in found)
    nested = tf.function(lambda numbers: tf.map_fn(lambda number: tf.strings.length(tf.as_string(number)), numbers))
    assert any(tf.string in kinds for _, kinds, _ in _outputs_of_operations(nested, tf.constant([1, 0, 2])))


@pytest.fixture(scope="module")
def several(tmp_path_factory: pytest.TempPathFactory) -> tuple[Session, phase_plan.Plan]:
    """A session of a picture, a text of several lengths, numbers and words, whose phase trains a unit of each."""
    folder: Path = tmp_path_factory.mktemp("several_shapes")
    several_inputs.write_table(folder, 60, has_long_notes=True)
    inputs = {"image": "left/{id}.png", "text": "note", "numbers": ["x", "y"], "words": ["state"]}
    backbones = {
        "image": {"kind": "saved", "path": str(_small_network(folder / "small.keras"))},
        "text": {"kind": "keras_hub", "class": "BertBackbone"},
    }
    config = read(
        several_inputs.document(
            folder,
            inputs,
            backbone=backbones,
            phases=[
                {"name": "top", "unfreeze": {"match": ["image.part3", "text.layer2"]}, "learning_rate": 0.003},
                {"name": "all", "unfreeze": "all", "learning_rate": 0.003, "augment": "light"},
            ],
            runtime={"cache_directory": str(folder / "cache"), "strategy": "none", "precision": "float32"},
        )
    )
    session = assemble(config, devices.resolve(config.runtime), lambda line: None)
    return session, build.make(session)


@pytest.mark.slow
@pytest.mark.parametrize("number", [0, 1])
def test_several_inputs_have_at_most_four_static_shapes(several: tuple[Session, phase_plan.Plan], number: int) -> None:
    session, made = several
    phase = made.phases[number]
    supply = compute_supply(session, phase.cut_at(None), made.chunk)
    feed = Feed(session.devices, supply, supply, phase_plan.augmentation(session, phase))
    batches: dict[tuple[Any, ...], tuple] = {}
    sizes = set()
    for epoch in range(2):
        order = shuffle_batches(
            session.source.splits["train"], phase.update_batch, 1, (3, number, epoch), buckets=session.loader.buckets
        )
        for batch in feed.training_batches(order, epoch):
            batches.setdefault(tuple(tuple(tensor.shape) for tensor in tf.nest.flatten(batch)), batch)
            sizes.add(len(batch[-1]))
    assert 1 < len(batches) <= 4
    assert sizes == {phase.update_batch}
    rates = rate_table(phase.phase.learning_rate, phase.steps)
    freeze.freeze_all_but(session, phase.selection, phase.trained)
    optimizer = optimizers.build(phase.phase, [session.variables[path] for path in phase.trained], rates, phase.factors)
    step = build_step(session, phase, optimizer)
    asked = tf.zeros([1], session.devices.sum_dtype)
    for features, targets, weights, indices in batches.values():
        call = _outputs_of_operations(step._train_call, features, targets, weights, indices, as_tensor(0), asked)
        found = [*call, *_outputs_of_operations(step._output_call, features)]
        assert len(found) > 200
        unknown = [f"{name} {shape}" for name, _, shape in found if not shape.is_fully_defined()]
        # Of two shapes, which are known: XLA computes them when it compiles.
        assert [each for each in unknown if not each.startswith("BroadcastGradientArgs ")] == []
        assert [name for name, kinds, _ in found if tf.string in kinds] == []
