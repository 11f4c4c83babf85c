"""Explanations of pictures, and of sounds by their spectrograms: heat maps over them."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import tensorflow as tf

from kerastune_ft.backbones.audio_front_end import OWN_NAMES
from kerastune_ft.errors import ConfigError
from kerastune_ft.explaining.base import Explained, Explainer
from kerastune_ft.explaining.heat_maps import GradCam, enlarge, find_map
from kerastune_ft.explaining.scores import Score
from kerastune_ft.graph import keras_private
from kerastune_ft.training.evaluation.pictures import MediaFile, encode_thumbnail
from kerastune_ft.training.session.session import Session

_LEAST_HEAT, _OPACITY = 0.15, 0.65
_SHOWN = 224


class PictureExplainer(Explainer):
    """Heat maps over the pictures that entered the model."""

    method = "Grad-CAM on the last feature map: where it speaks for the answer"
    erased = "the picture's mean colour"

    def __init__(self, session: Session, score: Score) -> None:
        super().__init__(session, score)
        place, skipped = find_map(session)
        self._start = self.find_start()
        self._tail = keras.Model(self._start, [place, session.model.output])
        self._cam = GradCam(self._tail, skipped, score)
        self._answer = tf.function(lambda values: self._tail(values, training=False)[1], reduce_retracing=True)

    def find_start(self) -> Any:
        """Return the symbolic tensor [rows, columns, channels] that is erased from: the model's input."""
        return self.session.model.input

    def to_values(self, inputs: Any) -> tf.Tensor:
        """Return what that tensor holds for a batch of inputs, float32."""
        return tf.cast(inputs, tf.float32)

    def find_filling(self, values: np.ndarray) -> np.ndarray:
        """Return what takes the place of what is erased, for one example [rows, columns, channels]."""
        return values.mean(axis=(0, 1), keepdims=True)

    def answer(self, inputs: Any) -> np.ndarray:
        """Return the raw outputs of an example."""
        return np.asarray(self._answer(self.to_values(inputs)))[0]

    def find_heat(self, inputs: Any, chosen: int) -> tuple[np.ndarray, np.ndarray, dict[str, Any]]:
        """Return the heat map, all of which may be erased."""
        heat = self._cam.find(self.to_values(inputs), chosen)
        return heat, np.ones(heat.shape, bool), {}

    def erase_and_answer(self, inputs: Any, erased: np.ndarray) -> np.ndarray:
        """Return the raw outputs with cells of the map erased from the picture."""
        values = self.to_values(inputs).numpy()[0]
        flags = enlarge(erased, *values.shape[:2])[..., None]
        return np.asarray(self._answer(tf.constant(np.where(flags, self.find_filling(values), values))))

    def draw(self, explained: Explained) -> list[MediaFile]:
        """Return the picture and, beside it, the heat over it."""
        (inputs,) = self.session.loader.inputs(np.array([explained.index], np.int64), 1)
        values = self.to_values(inputs).numpy()[0]
        return [encode_thumbnail(paint(self.to_pixels(values), explained.heat))]

    def to_pixels(self, values: np.ndarray) -> np.ndarray:
        """Return what is shown below the heat, uint8 [height, width, 3]."""
        return np.clip(np.round(values), 0, 255).astype(np.uint8)


class SoundExplainer(PictureExplainer):
    """Heat maps over the spectrograms that the model makes of sounds."""

    method = "Grad-CAM on the last feature map, over the spectrogram that the model makes: time to the right"
    erased = "silence, the lowest value of the spectrogram"

    def find_start(self) -> Any:
        """Return the spectrogram as a picture; raise ConfigError for a model that reads waves."""
        nodes = keras_private.nodes_in_order(self.session.model)
        own = [node.outputs[0] for node in nodes if node.operation.name in OWN_NAMES]
        if not own or len(own[-1].shape) != 4:
            raise ConfigError(
                f"explanations: {self.session.backbone.name} reads the wave itself and makes no spectrogram as a "
                "picture, over which heat could be drawn"
            )
        self._front = keras.Model(self.session.model.input, own[-1])
        return own[-1]

    def to_values(self, inputs: Any) -> tf.Tensor:
        """Return the spectrograms of a batch of sounds."""
        return tf.cast(self._front(inputs, training=False), tf.float32)

    def find_filling(self, values: np.ndarray) -> np.ndarray:
        """Return the lowest value."""
        return np.full((1, 1, 1), values.min(), np.float32)

    def to_pixels(self, values: np.ndarray) -> np.ndarray:
        """Return the spectrogram in grey, time to the right and low tones at the bottom."""
        picture = values.mean(axis=-1)
        low, high = float(picture.min()), float(picture.max())
        grey = np.round(255 * (picture - low) / max(high - low, 1e-6)).astype(np.uint8)
        return np.repeat(grey[..., None], 3, axis=-1)

    def draw(self, explained: Explained) -> list[MediaFile]:
        """Return the spectrogram with the heat over it, turned so that time runs to the right."""
        (inputs,) = self.session.loader.inputs(np.array([explained.index], np.int64), 1)
        pixels = self.to_pixels(self.to_values(inputs).numpy()[0])
        turned = paint(np.rot90(pixels), np.rot90(explained.heat))
        return [encode_thumbnail(turned)]


def paint(pixels: np.ndarray, heat: np.ndarray) -> np.ndarray:
    """Return a picture with heat, from 0 to 1, over it in colours, uint8 [height, width, 3]; what is cold is grey."""
    from matplotlib import colormaps
    from PIL import Image

    height, width = pixels.shape[:2]
    scale = max(1.0, _SHOWN / max(height, width))
    size = (round(width * scale), round(height * scale))
    below = np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.BILINEAR), np.float32)
    below = 0.5 * below + 0.5 * below.mean(axis=-1, keepdims=True)
    smooth = np.clip(np.asarray(Image.fromarray(heat.astype(np.float32)).resize(size, Image.Resampling.BICUBIC)), 0, 1)
    colours = np.asarray(colormaps["inferno"](0.25 + 0.75 * smooth))[..., :3] * 255
    weight = (_OPACITY * np.clip((smooth - _LEAST_HEAT) / (1 - _LEAST_HEAT), 0, 1) ** 0.5)[..., None]
    painted: np.ndarray = np.round((1 - weight) * below + weight * colours).astype(np.uint8)
    return painted
