"""Low-rank adapters on the kernels of stock layers (LoRA: Hu et al., 2021).

An adapter adds `alpha / rank * (x A) B` to what its layer computes before bias and activation. B begins at zero, so
nothing changes until it trains. Keras' own `enable_lora` is not used: it factorises the kernel of an EinsumDense head
by head, multiplies A and B to a whole kernel in every step, whose gradient is then one of the whole kernel, and has
the saved configuration of a layer ask for adapters anew. Here only the call of the instance is replaced, as
`randomness.bind` does it: configuration and saving are those of the stock layer.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from kerastune_ft.graph import keras_private

# The convolutions whose kernel is that of a matrix at every position: no groups, and channels come last.
_CONVOLUTIONS = (keras.layers.Conv1D, keras.layers.Conv2D, keras.layers.Conv3D)
_ATTRIBUTE = "adapter"


@dataclass(frozen=True)
class Adapter:
    """The two factors of what is added to a layer's kernel."""

    layer: keras.layers.Layer
    path: str
    """The layer's: the names on the way to it."""
    kernel: keras.Variable
    a: keras.Variable
    b: keras.Variable
    rank: int
    alpha: float

    @property
    def scale(self) -> float:
        """Return the factor on their product."""
        return self.alpha / self.rank

    @property
    def variables(self) -> tuple[keras.Variable, keras.Variable]:
        """Return both factors."""
        return self.a, self.b

    def delta(self) -> np.ndarray:
        """Return what it adds to the kernel, float64."""
        a, b = (np.asarray(variable.numpy(), np.float64) for variable in self.variables)
        if isinstance(self.layer, keras.layers.EinsumDense):
            inside, outside, kernel, rank = _letters(self.layer)
            return self.scale * np.einsum(f"{inside}{rank},{rank}{outside}->{kernel}", a, b)
        return self.scale * np.tensordot(a, b, 1)


def can_carry(layer: keras.layers.Layer) -> bool:
    """Return whether a layer can have an adapter: a stock layer of a kernel that maps inputs to outputs."""
    if getattr(layer, "lora_enabled", False) or getattr(layer, "quantization_mode", None):
        return False
    kind = type(layer)
    if kind is keras.layers.EinsumDense:
        inside, outside, kernel, _ = _letters(layer)
        return bool(inside and outside) and len(inside) + len(outside) == len(kernel)
    if kind in _CONVOLUTIONS:
        return layer.groups == 1 and layer.data_format == "channels_last" and layer.padding != "causal"
    return kind in (keras.layers.Dense, keras.layers.Embedding)


def is_pointwise(layer: keras.layers.Layer) -> bool:
    """Return whether a layer that can carry an adapter applies its kernel to one position at a time."""
    if isinstance(layer, _CONVOLUTIONS):
        return all(size == 1 for size in layer.kernel_size)
    return not isinstance(layer, keras.layers.Embedding)


def attach(layer: keras.layers.Layer, path: str, rank: int, alpha: float, seed: int) -> Adapter:
    """Attach an adapter, without effect so far, to a built layer that can carry one; call it in the strategy's scope.

    A is addressed by (seed, path), so it depends on nothing else that was built.
    """
    kernel = _kernel(layer)
    inside, outside = _sides(layer)
    with keras_private.unlock(layer):
        a = layer.add_weight(
            shape=(*inside, rank), initializer=_initial_values(layer, inside, seed, path), name="lora_a"
        )
        b = layer.add_weight(shape=(rank, *outside), initializer="zeros", name="lora_b")
    for variable, name in ((a, "lora_a"), (b, "lora_b")):
        keras_private.set_path(variable, f"{kernel.path.rpartition('/')[0]}/{name}")
    adapter = Adapter(layer, path, kernel, a, b, rank, float(alpha))
    setattr(layer, _ATTRIBUTE, adapter)
    layer.call = functools.partial(_call_with_adapter, adapter)
    return adapter


def attach_alike(model: keras.Model, made: keras.Model) -> None:
    """Give the layers of a model built anew the adapters that those of the same names have, values aside."""
    leaves = keras_private.leaf_layers(made)
    for path, leaf in keras_private.leaf_layers(model).items():
        for adapter in adapters([leaf]):
            attach(leaves[path], adapter.path, adapter.rank, adapter.alpha, seed=0)


def adapters(layers: Iterable[keras.layers.Layer]) -> list[Adapter]:
    """Return the adapters of these layers and of all layers in them."""
    leaves = (leaf for layer in layers for leaf in list(keras_private.leaf_layers(layer).values()) or [layer])
    return [getattr(leaf, _ATTRIBUTE) for leaf in leaves if isinstance(getattr(leaf, _ATTRIBUTE, None), Adapter)]


def merge(model: keras.Model) -> dict[str, str]:
    """Add to every kernel what its adapter adds, and set the adapter to nothing; return SHA-256 by path of kernel."""
    merged = {}
    for adapter in adapters([model]):
        kernel = (adapter.kernel.numpy() + adapter.delta()).astype(np.float32)
        adapter.kernel.assign(kernel)
        adapter.b.assign(np.zeros(adapter.b.shape, np.float32))
        merged[adapter.kernel.path] = hashlib.sha256(kernel.tobytes()).hexdigest()
    return merged


def _kernel(layer: keras.layers.Layer) -> keras.Variable:
    return layer.embeddings if isinstance(layer, keras.layers.Embedding) else layer.kernel


def _letters(layer: keras.layers.EinsumDense) -> tuple[str, str, str, str]:
    """Return the axes of an EinsumDense's kernel that are summed over, those of its output, all, and a new one's."""
    inputs, rest = layer.equation.replace(" ", "").split(",")
    kernel, outputs = rest.split("->")
    inside = "".join(axis for axis in kernel if axis in inputs and axis not in outputs)
    outside = "".join(axis for axis in kernel if axis in outputs and axis not in inputs)
    rank = next(letter for letter in "rstuvwxyzabcdefghijklmnopq" if letter not in layer.equation)
    return inside, outside, kernel, rank


def _sides(layer: keras.layers.Layer) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return the sizes of the axes of the kernel that belong to A, and of those that belong to B."""
    shape = tuple(int(size) for size in _kernel(layer).shape)
    if not isinstance(layer, keras.layers.EinsumDense):
        return shape[:-1], shape[-1:]
    inside, outside, kernel, _ = _letters(layer)
    sizes = dict(zip(kernel, shape, strict=True))
    return tuple(sizes[axis] for axis in inside), tuple(sizes[axis] for axis in outside)


def _initial_values(
    layer: keras.layers.Layer, inside: tuple[int, ...], seed: int, path: str
) -> Callable[..., tf.Tensor]:
    """Return the initializer of A: uniform, with the deviation that makes `x A` a third of the size of x."""
    # A look-up adds one row, whatever the number of rows.
    fan = 1 if isinstance(layer, keras.layers.Embedding) else int(np.prod(inside))
    entropy = int.from_bytes(hashlib.sha256(f"{seed}/{path}/lora_a".encode()).digest()[:8], "little")

    def values(shape: tuple[int, ...], dtype: Any = None) -> tf.Tensor:
        limit = 1 / np.sqrt(fan)
        return tf.constant(np.random.default_rng(entropy).uniform(-limit, limit, shape), dtype or "float32")

    return values


def _call_with_adapter(adapter: Adapter, inputs: Any, training: bool | None = None) -> Any:
    """Call the layer of an adapter: what the stock layer computes, and the adapter's part before bias and activation.

    Training makes no difference to such layers, nor to adapters.
    """
    layer, ops = adapter.layer, keras.ops
    if isinstance(layer, keras.layers.Embedding):
        indices = inputs if inputs.dtype in ("int32", "int64") else ops.cast(inputs, "int32")
        looked_up = ops.cast(ops.take(layer.embeddings, indices, axis=0), layer.compute_dtype)
        low = ops.cast(ops.take(adapter.a, indices, axis=0), layer.compute_dtype)
        return looked_up + adapter.scale * ops.matmul(low, adapter.b)
    if isinstance(layer, keras.layers.EinsumDense):
        whole = ops.einsum(layer.equation, inputs, layer.kernel)
        added = _through_einsum(layer, inputs, adapter)
    elif isinstance(layer, keras.layers.Dense):
        whole = ops.matmul(inputs, layer.kernel)
        added = ops.matmul(ops.matmul(inputs, adapter.a), adapter.b)
    else:
        whole = layer.convolution_op(inputs, layer.kernel)
        added = ops.matmul(layer.convolution_op(inputs, adapter.a), adapter.b)
    outputs = whole + adapter.scale * added
    if layer.bias is not None:
        outputs = ops.add(outputs, layer.bias)
    return outputs if layer.activation is None else layer.activation(outputs)


def _through_einsum(layer: keras.layers.EinsumDense, inputs: Any, adapter: Adapter) -> Any:
    inside, outside, _, rank = _letters(layer)
    equation, outputs = layer.equation.replace(" ", "").split("->")
    taken = equation.split(",")[0]
    narrow = "".join(axis for axis in taken if axis not in inside) + rank
    low = keras.ops.einsum(f"{taken},{inside}{rank}->{narrow}", inputs, adapter.a)
    return keras.ops.einsum(f"{narrow},{rank}{outside}->{outputs}", low, adapter.b)
