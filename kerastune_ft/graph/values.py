"""Values of variables as arrays that are not copied."""

from __future__ import annotations

import keras
import numpy as np
import tensorflow as tf


def view_values(variable: keras.Variable) -> np.ndarray:
    """Return the present values of a variable, read-only, in the memory that holds them where a CPU can read that.

    They stay what they are: TensorFlow gives a variable that changes other memory while something looks at the old one.
    """
    return view_tensor(variable.value)


def view_tensor(value: tf.Variable | tf.Tensor) -> np.ndarray:
    """Return what `view_values` does, of a variable of TensorFlow or a tensor."""
    tensor = tf.convert_to_tensor(value)
    try:
        found = np.asarray(memoryview(tensor))
    except (TypeError, ValueError, BufferError):
        # A type that buffers do not know, as bfloat16.
        found = tensor.numpy()
    found = np.asarray(found).view()
    found.flags.writeable = False
    return found


def view_bytes(variable: keras.Variable) -> memoryview:
    """Return the bytes of the present values of a variable, for hashes."""
    return np.ascontiguousarray(view_values(variable)).reshape(-1).view(np.uint8).data
