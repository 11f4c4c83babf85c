"""A person's own head: built anew from what was given, with addressed weights and names that do not depend on it."""

from __future__ import annotations

import contextlib
import hashlib
import inspect
import random
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import keras

from kerastune_ft.errors import ConfigError
from kerastune_ft.graph import keras_private, normalisation
from kerastune_ft.graph.rows.windows import FoldWindows
from kerastune_ft.layers.heads import pool_windows

# The names of functions and of layers of Keras that give probabilities.
_PROBABILITIES = ("softmax", "sigmoid", "log_softmax", "logsoftmax", "log_sigmoid", "logsigmoid")


def build_head(
    given: Any,
    features: Any,
    shape: Sequence[int],
    seed: int,
    mask: Any = None,
    windows: Any = None,
    *,
    of_classes: bool = False,
) -> Any:
    """Return the symbolic outputs [batch, *shape] of a head on symbolic features, or on feature maps by their strides.

    A layer or a model is made anew from its configuration, so that nothing is left of earlier training; a function is
    called with the features and the number of outputs, `shape[-1]`, and with `mask` [rows, length] where it takes one.
    Layers that know masks have it in any case. Initial values are drawn by the run's seed.

    Where an example has several rows of features (`windows` is then their mask by example, [examples, windows,
    length]), the head is built on the rows, and what it gives is averaged over those with tokens; a function that takes
    `windows` is called with the features of whole examples, [examples, windows, length, width], and this mask.
    Outputs [batch, height, width, classes] of another size than `shape` are resized bilinearly. Raises ConfigError for
    what builds no such outputs, and with `of_classes` where they are probabilities already.
    """
    check = _refuse_probabilities if of_classes else None
    if windows is not None and _takes(given, "windows"):
        features, mask = FoldWindows(name="head_features", dtype=features.dtype)(features, windows), windows
        outputs = _build(given, features, shape, seed, {"windows": windows, "mask": windows}, check)
    else:
        if mask is not None and not isinstance(mask, Mapping):
            keras_private.set_mask(features, keras.ops.cast(mask, "bool"))
        outputs = _build(given, features, shape, seed, {"mask": mask}, check)
        if windows is not None:
            _refuse_batch_norm([features, mask], outputs)
            outputs = pool_windows(outputs, windows)
    size = tuple(shape[:-1])
    if size and tuple(outputs.shape[1:-1]) != size:
        outputs = keras.layers.Resizing(*size, interpolation="bilinear", name="head_resize", dtype="float32")(outputs)
    return outputs


def _build(
    given: Any,
    features: Any,
    shape: Sequence[int],
    seed: int,
    known: dict[str, Any],
    check: Callable[[Any], None] | None,
) -> Any:
    """Return what a head gives on features; raise ConfigError where it fails, or gives another shape."""
    with _seed_initializers(seed):
        try:
            found = _call(given, features, shape[-1], known)
        except ConfigError:
            raise
        except Exception as error:
            raise ConfigError(
                f"head: it cannot be built on features {_describe_shapes(features)}: {_shorten(error)}"
            ) from error
    _check_shape(found, shape)
    if check is not None:
        check(found)
    return found


def _refuse_batch_norm(inputs: Sequence[Any], outputs: Any) -> None:
    """Raise ConfigError for BatchNormalization on rows of windows, of which some fill up and must not count."""
    for operation in keras_private.operations_between(inputs, [outputs]):
        if isinstance(operation, keras.layers.Layer) and normalisation.batch_norms(operation):
            raise ConfigError(
                "head: BatchNormalization would count the windows that fill up a batch; use LayerNormalization, or "
                "take the features of whole texts, by a function (features, outputs, windows)"
            )


def _check_shape(found: Any, shape: Sequence[int]) -> None:
    """Raise ConfigError for outputs of another shape; maps may have another size, if it is known."""
    got = tuple(getattr(found, "shape", ()))
    fits = len(got) == len(shape) + 1 and got[0] is None and got[-1] == shape[-1] and None not in got[1:]
    if fits and (len(shape) > 1 or got[1:] == tuple(shape)):
        return
    said = got if got or hasattr(found, "shape") else type(found).__name__
    each = "for each of its classes or values"
    if len(shape) > 1:
        each = "for each class of every pixel, of this size or a smaller one that is resized to it"
    wanted = (None, *shape)
    # Features come with their places: nothing is pooled before them.
    is_unpooled = len(shape) == 1 and len(got) > 2 and got[-1] == shape[-1]
    pool = f"; pool what it gets first, as keras.layers.GlobalAveragePooling{len(got) - 2}D does" if is_unpooled else ""
    raise ConfigError(f"head: it gives {said}, and the task needs {wanted}: one number {each}, without a softmax{pool}")


def _refuse_probabilities(outputs: Any) -> None:
    """Raise ConfigError for outputs that an activation has made probabilities already, which would be so twice."""
    last = keras_private.last_operation(outputs)
    named = getattr(getattr(last, "activation", None), "__name__", type(last).__name__).lower()
    if named in _PROBABILITIES:
        raise ConfigError(
            f"head: it ends with {named}, and the task makes probabilities of what a head gives; leave that activation "
            "away"
        )


def _describe_shapes(features: Any) -> str:
    """Return the shape of features, or those of feature maps by name."""
    if isinstance(features, Mapping):
        return "{" + ", ".join(f"{name!r}: {tuple(each.shape)}" for name, each in features.items()) + "}"
    return str(tuple(features.shape))


def _takes(given: Any, name: str) -> bool:
    """Return whether a head is a function with a parameter of this name."""
    return not isinstance(given, keras.layers.Layer) and name in inspect.signature(given).parameters


def _call(given: Any, features: Any, outputs: int, known: Mapping[str, Any]) -> Any:
    if isinstance(given, keras.layers.Layer):
        made, mask = _make_anew(given), known["mask"]
        return made(features) if mask is None else _call_flat(made, features)
    return given(features, outputs, **{name: each for name, each in known.items() if _takes(given, name)})


def _call_flat(layer: Any, *arguments: Any, **options: Any) -> Any:
    """Return what a layer gives, of a model its layers one by one, so that masks reach those that know them."""
    if isinstance(layer, keras.Sequential):
        for inner in layer.layers:
            arguments = (_call_flat(inner, *arguments),)
        return arguments[0]
    if keras_private.is_functional(layer):
        return keras_private.run_graph(layer, arguments[0], _call_flat)
    # What is None, a mask among it, is what its input has.
    return layer(*arguments, **{name: each for name, each in options.items() if each is not None})


def _make_anew(layer: keras.layers.Layer) -> keras.layers.Layer:
    """Return a layer of the same configuration that was never built."""
    try:
        if keras_private.is_functional(layer) or isinstance(layer, keras.Sequential):
            return keras.models.clone_model(layer)
        return type(layer).from_config(layer.get_config())
    except Exception as error:
        raise ConfigError(
            f"head: {type(layer).__name__} cannot be made anew from its get_config ({_shorten(error)}); give a "
            "function (features, outputs) that makes its layers"
        ) from error


@contextlib.contextmanager
def _seed_initializers(seed: int) -> Iterator[None]:
    """Within this context initializers without a seed get one that follows from the run's; Keras draws it in Python."""
    before = random.getstate()
    random.seed(int.from_bytes(hashlib.sha256(f"{seed}/own head".encode()).digest()[:8], "little"))
    try:
        yield
    finally:
        random.setstate(before)


def name_layers(layers: Sequence[keras.layers.Layer]) -> None:
    """Give the layers of a head, and their variables, names by their order: Keras counts theirs up in a process.

    Checkpoints know variables by their paths, and random draws layers.
    """
    for number, layer in enumerate(layers, start=1):
        _rename(layer, f"head_{number}_{_word(layer)}")
        seen: set[str] = set()
        for place, variable in enumerate(layer.variables):
            path = f"{layer.name}/{variable.name}"
            path = f"{layer.name}/{place}_{variable.name}" if path in seen else path
            seen.add(path)
            keras_private.set_path(variable, path)


def _rename(layer: keras.layers.Layer, name: str) -> None:
    layer.name = name
    for number, inner in enumerate(keras_private.inner_layers(layer), start=1):
        _rename(inner, f"{number}_{_word(inner)}")


def _word(layer: keras.layers.Layer) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", type(layer).__name__).lower()


def list_custom_classes(layers: Sequence[keras.layers.Layer]) -> dict[str, type]:
    """Return the classes among these layers, at any depth, that are none of Keras', by name."""
    found: dict[str, type] = {}
    for layer in layers:
        kind = type(layer)
        if kind.__module__.partition(".")[0] not in ("keras", "keras_hub", "kerastune_ft"):
            found[kind.__name__] = kind
        found |= list_custom_classes(keras_private.inner_layers(layer))
    return found


def _shorten(error: Exception) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"
