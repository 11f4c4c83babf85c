"""Puts data, task, backbone and head together into the one model a run trains."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import keras

from kerastune_ft.backbones import audio_front_end, build
from kerastune_ft.backbones import base as backbones
from kerastune_ft.backbones.base import Backbone
from kerastune_ft.backbones.endpoints import FEATURES
from kerastune_ft.backbones.several import trim_features
from kerastune_ft.config.checks.modality import NOUNS, can_serve
from kerastune_ft.config.options.runtime import cache_directory
from kerastune_ft.config.options.task_facts import facts
from kerastune_ft.config.run import RunConfig
from kerastune_ft.data.labels.scheme import LabelScheme
from kerastune_ft.data.open import open_source
from kerastune_ft.data.source import DataSource
from kerastune_ft.errors import ConfigError
from kerastune_ft.graph import keras_private, normalisation, randomness
from kerastune_ft.graph.boundary import HEAD
from kerastune_ft.graph.partition import tensor_bytes
from kerastune_ft.graph.rebuild import precision
from kerastune_ft.graph.rows import pooling
from kerastune_ft.graph.units import Unit
from kerastune_ft.graph.values import view_values
from kerastune_ft.input.build import LoaderOptions, build_loader, make_examples
from kerastune_ft.input.language.divide import make_divide
from kerastune_ft.input.sounds.resample import choose_seconds, make_clip
from kerastune_ft.own.task import with_own_objects
from kerastune_ft.stores.budget import budget_bytes
from kerastune_ft.tasks import build as tasks
from kerastune_ft.tasks.base import Task
from kerastune_ft.training.devices.devices import Devices
from kerastune_ft.training.session import adapters, long_texts, own_objects, several_inputs, warm_start
from kerastune_ft.training.session.session import Session

# Bytes of all examples' endpoints up to which the finest stride is read where no budget is given. The model follows
# from it, so it is no share of the disk.
_CACHED_ENDPOINTS = 4 * 10**9


def assemble(
    config: RunConfig,
    devices: Devices,
    report: Callable[[str], None],
    source: DataSource | None = None,
    scheme: LabelScheme | None = None,
    sizes: Sequence[Any] | None = None,
    endpoints: Sequence[str] | None = None,
) -> Session:
    """Open the data, build backbone and head in the strategy's scope, and return the session.

    `scheme` says what the labels mean where the data cannot: an earlier run's, when its model is used on other data;
    `sizes` are then what texts are padded to. `endpoints` are those that the head reads in a run that began before,
    whatever the cache holds now.
    Raises ConfigError and DataError for what the configuration asks and the world does not have.
    """
    source = source or _open_source(config, report)
    # Layer names that Keras counts up must be the same in every process, since variables are known by them.
    keras.utils.clear_session()
    # Other data may have more boxes in a picture than a run has seen, and no training split to say what labels mean.
    meaning = scheme.with_room_for(source.most_boxes) if scheme else source.scheme
    config, scheme = warm_start.with_kept_head(config, meaning)
    with devices.strategy.scope():
        backbone = _build_backbone(config, source)
        task = tasks.build_task(config, scheme, backbone.input.image_size, backbone.generator)
        task = with_own_objects(task, config)
        _check_modality(config, backbone)
        if source.sound_seconds is not None:
            backbone = _with_audio_front_end(config, source, backbone)
        if config.data.inputs is None:
            backbone = long_texts.prepare(config, source, backbone)
        if backbone.vocabulary is None:
            backbone = backbone.up_to(endpoints or _choose_endpoints(config, source, task, backbone))
        backbone = backbones.with_precision(backbone, devices.precision)
        source_hash = backbones.content_hash(backbone.variables)
        adapters.build(config.phases, backbone.units, config.seed)
        outputs = _build_head(config, backbone, task)
        model = keras.Model(backbone.model.input, outputs, name=config.name.replace(".", "_"))
        backbone = _leave_out_unread(backbone, model)
    head = _head_unit(model, backbone)
    own_objects.settle_head(config, head.layers)
    for layer, weights in backbone.kept_head.items():
        model.get_layer(layer).set_weights(list(weights))
    leaves = keras_private.leaf_layers(model)
    unaddressed = randomness.bind(leaves)
    normalisation.bind(leaves)
    pooling.bind(leaves)
    options = LoaderOptions(config.data, backbone.name, cache_directory(config.runtime), report, sizes)
    loader = build_loader(source, task, backbone.input, options)
    variables = {variable.path: variable for unit in (*backbone.units, head) for variable in unit.variables}
    origin = {path: view_values(variable) for path, variable in variables.items()}
    return Session(
        config, devices, source, task, backbone, model, head, loader, origin,
        source_hash, cache_directory(config.runtime), tuple(unaddressed),
    )  # fmt: skip


def _build_head(config: RunConfig, backbone: Backbone, task: Task) -> Any:
    """Return the symbolic raw outputs of the whole model: of a vocabulary, a kept head, or the task's own head."""
    if backbone.vocabulary is not None:
        return backbone.vocabulary.apply(backbone.outputs[FEATURES])
    kept, given, body = own_objects.find_kept_outputs(config, backbone), backbone.input, backbone.model
    if kept is not None:
        return kept
    return task.head(_endpoints(config, backbone), given.padding_mask(body), given.windows(body))


def _open_source(config: RunConfig, report: Callable[[str], None]) -> DataSource:
    divide = make_divide(config.task, config.backbone, config.data.sequence_length)
    directory = cache_directory(config.runtime)
    return open_source(config.data, config.task, directory, report, rules=config.rules, divide=divide)


def _build_backbone(config: RunConfig, source: DataSource) -> Backbone:
    """Return the backbone of the inputs of an example: one, or one for several of them."""
    if config.data.inputs is None:
        about = facts(config.task)
        use = {"writes": about.writes, "hides_words": about.hides_words}
        return build.build(config.backbone, config.seed, config.rules, **use)
    return several_inputs.build_backbone(config, source)


def _check_modality(config: RunConfig, backbone: Backbone) -> None:
    given, wanted = backbone.input.modality, config.modality
    if given != wanted and not can_serve(given, wanted):
        raise ConfigError(
            f"backbone: {backbone.name} takes {NOUNS.get(given, 'several inputs')}, and task.kind {config.task.kind} "
            f"is of {NOUNS[wanted]}; write another backbone, or a task whose name begins with {given}_"
        )


def _with_audio_front_end(config: RunConfig, source: DataSource, backbone: Backbone) -> Backbone:
    """Return the backbone behind the layers that turn sounds of these data into its input."""
    assert source.sound_seconds is not None
    rate = audio_front_end.sample_rate(config.backbone, backbone, config.data.sample_rate)
    if config.data.seconds is not None:
        samples = make_clip(config.data.seconds, rate).samples
    else:
        usual = make_clip(choose_seconds(source.sound_seconds[source.splits["train"]]), rate)
        samples = backbone.input.choose_samples(usual.samples)
    return audio_front_end.with_audio_front_end(config.backbone, backbone, rate, samples)


def _choose_endpoints(config: RunConfig, source: DataSource, task: Task, backbone: Backbone) -> tuple[str, ...]:
    """Return the endpoints of a backbone that the task's head reads."""
    if isinstance(backbone.model.output, dict):
        return tuple(backbone.outputs)
    available = backbone.endpoints
    examples = sum(len(indices) for indices in make_examples(source, config.data).splits.values())
    views = max((phase.augment.views or 1 for phase in config.phases), default=1)
    asked = config.runtime.cache_budget
    limit = _CACHED_ENDPOINTS if asked is None else budget_bytes(asked, cache_directory(config.runtime))

    def fits(names: Sequence[str]) -> bool:
        row = sum(tensor_bytes(available[name]) for name in names)
        return row * examples * views <= limit

    return task.endpoints(available, fits)


def _endpoints(config: RunConfig, backbone: Backbone) -> dict[str, Any]:
    """Return the symbolic endpoints that the head gets."""
    if config.data.inputs is not None:
        return trim_features(backbone, config.head.pooling)
    found = backbone.outputs
    return {**found, FEATURES: _features(config, backbone)} if FEATURES in found else found


def _leave_out_unread(backbone: Backbone, model: keras.Model) -> Backbone:
    """Return the backbone without what lies above the model's outputs: a person's own head may read fewer maps."""
    layers = {id(layer) for layer in model.layers}
    outputs = backbone.outputs
    read = [name for name, tensor in outputs.items() if id(keras_private.last_operation(tensor)) in layers]
    return backbone if len(read) in (0, len(outputs)) else backbone.up_to(read)


def _features(config: RunConfig, backbone: Backbone) -> Any:
    """Return the symbolic features that the head gets: without class tokens, unless its pooling takes the first."""
    features, tokens = backbone.outputs[FEATURES], backbone.prefix_tokens
    if config.head.pooling == "cls":
        backbone.input.check_first_token(backbone.name, backbone.model, features, tokens)
        return features
    return features[:, tokens:] if tokens else features


def in_float32(session: Session) -> Session:
    """Return a session whose model computes in float32, for what is measured and exported: itself, or a twin.

    The twin has variables of its own, of the same paths and, now, the same values.
    """
    if session.devices.precision == precision.FLOAT32:
        return session
    with session.devices.strategy.scope():
        model = precision.rebuild(session.model, precision.FLOAT32)
    units = tuple(precision.unit_in(unit, model) for unit in session.backbone.units)
    return replace(
        session,
        devices=replace(session.devices, precision=precision.FLOAT32),
        backbone=replace(session.backbone, units=units),
        model=model,
        head=precision.unit_in(session.head, model),
        sizes={},
    )


def _head_unit(model: keras.Model, backbone: Backbone) -> Unit:
    below = {id(layer) for layer in backbone.model.layers}
    layers = tuple(layer for layer in model.layers if id(layer) not in below)
    if backbone.vocabulary is not None:
        # Embeddings inside a layer that embeds places too are used by themselves above.
        layers = tuple(layer for layer in layers if layer is not backbone.vocabulary.embeddings)
    if backbone.vocabulary is not None and not backbone.vocabulary.has_weights:
        # Its only weights are the embeddings, which belong to the backbone.
        layers = ()
    elif not any(layer.variables for layer in layers):
        raise ConfigError("head: it has no variables of its own to train")
    return Unit(HEAD, layers, tuple(model.output.shape))
