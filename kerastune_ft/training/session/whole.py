"""A session around a whole model, which nothing trains any more: an ensemble, live or opened from its run."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import keras

from kerastune_ft.backbones import run as earlier_run
from kerastune_ft.config.options.backbones import EarlierRun
from kerastune_ft.config.options.runtime import cache_directory
from kerastune_ft.config.run import RunConfig
from kerastune_ft.data.labels.scheme import LabelScheme
from kerastune_ft.data.source import DataSource
from kerastune_ft.graph import keras_private, normalisation
from kerastune_ft.graph.boundary import HEAD
from kerastune_ft.graph.units import Unit
from kerastune_ft.input.build import LoaderOptions, build_loader
from kerastune_ft.own.task import with_own_objects
from kerastune_ft.rundir import RunDirectory
from kerastune_ft.tasks import build as tasks
from kerastune_ft.training.devices.devices import Devices
from kerastune_ft.training.session.session import Session


def with_model(session: Session, model: keras.Model) -> Session:
    """Return a session with another model, of the same inputs and raw outputs, none of which trains."""
    normalisation.bind(keras_private.leaf_layers(model))
    layers = tuple(layer for layer in model.layers if isinstance(layer, keras.layers.Layer))
    return replace(
        session,
        model=model,
        backbone=replace(session.backbone, model=model, units=()),
        head=Unit(HEAD, layers, tuple(model.output.shape)),
        origin={},
        sizes={},
    )


def open_whole(
    target: RunDirectory,
    config: RunConfig,
    devices: Devices,
    report: Callable[[str], None],
    source: DataSource,
    scheme: LabelScheme,
    sizes: Sequence[int] | None,
) -> Session:
    """Return a session around the saved model of a run; `sizes` are what texts are padded to."""
    keras.utils.clear_session()
    place = os.path.abspath(target.path) if target.is_local else str(target)
    with devices.strategy.scope():
        backbone = earlier_run.build_whole(EarlierRun(path=place, head="keep"))
        task = with_own_objects(tasks.build_task(config, scheme, backbone.input.image_size), config)
    cache = cache_directory(config.runtime)
    loader = build_loader(source, task, backbone.input, LoaderOptions(config.data, backbone.name, cache, report, sizes))
    nothing = Unit(HEAD, (), ())
    session = Session(config, devices, source, task, backbone, backbone.model, nothing, loader, {}, "", cache, ())
    return with_model(session, backbone.model)


def is_whole(document: Mapping[str, Any]) -> bool:
    """Return whether the run of a plan.json has a model that is opened as a whole: an ensemble."""
    return "ensemble" in document
