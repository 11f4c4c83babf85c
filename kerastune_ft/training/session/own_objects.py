"""A head of the caller's in the model of a run, and the model of a finished run whose head is not at hand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import keras
import numpy as np
import tensorflow as tf

from kerastune_ft.backbones.base import Backbone
from kerastune_ft.config.run import RunConfig
from kerastune_ft.errors import ConfigError
from kerastune_ft.graph.rows.windows import FoldWindows
from kerastune_ft.own import head as own_head
from kerastune_ft.own.check_loss import check_loss
from kerastune_ft.own.task import OwnTask
from kerastune_ft.training.session.session import Session

_FEW = 8


def find_kept_outputs(config: RunConfig, backbone: Backbone) -> Any:
    """Return the symbolic outputs of a finished run's model that is used as it is; None where a head is to be built.

    Raises ConfigError where objects were given in Python that are neither at hand nor in a saved model.
    """
    if config.own is not None and config.own.head is not None:
        return None
    # A finished run that is only measured has its head and needs no loss.
    if config.own is None and config.python is not None and not backbone.kept_head and backbone.kept_outputs is None:
        raise ConfigError(config.python.explain_missing())
    if config.python is None or config.python.head is None:
        if backbone.kept_outputs is not None:
            raise ConfigError('backbone.head: "keep": a head given in Python cannot be trained on; write "new"')
        return None
    return backbone.kept_outputs


def try_objects(session: Session) -> None:
    """Try a loss and metrics of the caller's before anything is computed.

    The loss on a few training examples as the untrained model answers, the metrics on the labels of the whole
    validation split with answers that are drawn. Raises ConfigError for what no phase could train on or be measured by.
    """
    own, task = session.config.own, session.task
    if own is not None and own.loss is not None:
        check_loss(cast(OwnTask, task).compute_own_losses, *_answer_few(session))
    if own is not None and own.metrics:
        targets = session.loader.targets(session.examples.splits["validation"])
        answers = np.random.default_rng(0).standard_normal((len(targets), *task.output_shape)).astype(np.float32)
        cast(OwnTask, task).summarise_own({"targets": targets, "outputs": answers})


def _answer_few(session: Session) -> tuple[Any, np.ndarray]:
    """Return the targets of a few training examples, of one length, and the outputs of the model for them."""
    examples, buckets = session.examples.splits["train"], session.loader.buckets
    if buckets is not None:
        examples = examples[buckets[examples] == buckets[examples[0]]]
    few = examples[np.unique(np.linspace(0, len(examples) - 1, _FEW).astype(int))]
    loader = session.loader
    held = loader.in_memory
    inputs = next(iter(loader.inputs(few, len(few)))) if held is None else held(few, 0)
    answer = tf.function(lambda inputs: session.model(inputs, training=False), autograph=False)
    strategy = session.devices.strategy
    outputs = strategy.run(answer, args=(inputs,))
    return loader.targets(few), strategy.experimental_local_results(outputs)[0].numpy()


def settle_head(config: RunConfig, layers: Sequence[keras.layers.Layer]) -> None:
    """Name the layers of a head of the caller's, and make sure that they can be saved and opened again.

    Classes of the caller's own are known to Keras from then on in this process. Raises ConfigError for a layer that
    cannot be saved.
    """
    if config.own is None or config.own.head is None:
        return
    own_head.name_layers(layers)
    registered = keras.saving.get_custom_objects()
    for name, kind in own_head.list_custom_classes(layers).items():
        registered[name] = kind
    # Windows are brought together by Keras' own operations in a saved model.
    for layer in (each for each in layers if not isinstance(each, FoldWindows)):
        try:
            keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(layer))
        except Exception as error:
            raise ConfigError(
                f"head: layer {layer.name} ({type(layer).__name__}) cannot be saved in a model file "
                f"({type(error).__name__}: {' '.join(str(error).split())[:200]}); give it a get_config, and no Lambda"
            ) from error
