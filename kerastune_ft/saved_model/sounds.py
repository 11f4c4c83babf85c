"""The saved model of sounds: samples in, with the spectrogram made inside."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from kerastune_ft.input.sounds import Clip, resampled
from kerastune_ft.saved_model import base
from kerastune_ft.training.session.session import Session


def serving_model(session: Session) -> keras.Model:
    """Return the model that is saved: sounds [batch, samples] of any length, -1 to 1, to probabilities.

    Shorter sounds are followed by silence, longer ones cut, as in training; built of stock layers outside the strategy,
    so that it opens with Keras alone.
    """
    samples = _clip(session).samples
    sounds = keras.Input((None,), name="sound", dtype="float32")
    fitted = keras.ops.pad(sounds, [[0, 0], [0, samples]])[:, :samples]
    outputs = session.task.finish(base.trained(session)(fitted, training=False))
    return keras.Model(sounds, outputs, name=session.model.name)


def preprocessing(session: Session) -> dict[str, Any]:
    """Return what preprocessing.json says of the way from a sound to the model's outputs."""
    clip = _clip(session)
    return {
        "input": "samples of one channel (the mean of several), float32, -1 to 1, [batch, samples] of any length",
        "sample_rate": clip.sample_rate,
        "resampling": "scipy.signal.resample_poly, before the model",
        "samples": clip.samples,
        "seconds": clip.seconds,
        "inside_the_model": ["silence after shorter sounds, longer ones cut", session.backbone.preprocessing],
        "output": f"{session.task.finished} in the order of labels.json",
    }


def files(session: Session) -> dict[str, bytes]:
    """Return the files that belong beside the model, by name: none."""
    return {}


def outputs(session: Session, model: keras.Model, indices: Sequence[int]) -> np.ndarray:
    """Return what a serving model gives for examples, from their sounds of any length at its rate."""
    return np.concatenate([np.asarray(model(_sound(session, index)[np.newaxis], training=False)) for index in indices])


def _sound(session: Session, index: int) -> np.ndarray:
    example = session.source.element(tf.constant(index, tf.int64))
    return resampled(np.asarray(example["samples"]), int(example["rate"]), _clip(session).sample_rate)


def _clip(session: Session) -> Clip:
    assert session.clip is not None
    return session.clip
