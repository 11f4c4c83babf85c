"""Moonshine's rotary angles and its mask of frames as layers of their own, so that neither stands in a cut's way."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

from kerastune_ft.graph.recomputed import Recomputed


class RotaryAngles(Recomputed):
    """The angles that queries and keys are turned by, [length, 2 * frequencies], of hidden states [batch, length, ...].

    keras-hub computes them once for all blocks. They have no axis of examples, so they could not be stored with them;
    here every block has its own layer, which looks at the length of its input alone.
    """

    def __init__(self, frequencies: Sequence[float], **options: Any) -> None:
        """`frequencies` are radians a position, as float32 has them."""
        super().__init__(**options)
        self.frequencies = tuple(frequencies)

    @classmethod
    def of_block(cls, block: keras.layers.Layer, rotary: Any) -> RotaryAngles:
        """Return the layer for a block, with the frequencies of a `MoonshineRotaryEmbedding`."""
        values = np.asarray(rotary.inv_freq.value, np.float32).tolist()
        return cls(values, name=f"{block.name}_angles", dtype="float32")

    def call(self, hidden: Any) -> Any:
        """Return the angles of the positions from 0 on, in float32; each frequency stands there twice in a row."""
        ops = keras.ops
        places = ops.cast(ops.arange(ops.shape(hidden)[1], dtype="int32"), "float32")
        turned = places[:, None] * ops.convert_to_tensor(self.frequencies, "float32")[None]
        return ops.repeat(turned, 2, axis=-1)

    def compute_output_spec(self, hidden: Any) -> keras.KerasTensor:
        """Return the symbolic result, which has no axis of examples."""
        return keras.KerasTensor((hidden.shape[1], 2 * len(self.frequencies)), "float32")

    def get_config(self) -> dict[str, Any]:
        """Return what the layer is made again from."""
        return {**super().get_config(), "frequencies": list(self.frequencies)}


class FrameMask(keras.layers.Layer):
    """Which of the frames of sounds are heard, bool [batch, frames], of how many are, int32 [batch].

    keras-hub's own layer does the same, of a length that the graph does not know.
    """

    def __init__(self, frames: int, **options: Any) -> None:
        """`frames` is the number of frames of every sound, silence after it included."""
        super().__init__(**options)
        self.frames = frames

    def call(self, heard: Any) -> Any:
        """Return the mask, true for the first frames of each sound."""
        return keras.ops.arange(self.frames, dtype="int32")[None] < heard[:, None]

    def get_config(self) -> dict[str, Any]:
        """Return what the layer is made again from."""
        return {**super().get_config(), "frames": self.frames}
