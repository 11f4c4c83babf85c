"""keras-hub's preset: its own backbone with the weights of the run, and the preprocessor, beside the whole model.

The head is none of keras-hub's, so a preset cannot hold it: `model.keras` does, and `predict.py` answers by that.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np

from kerastune_ft.config.options.backbones import KerasHub
from kerastune_ft.config.options.task_facts import AUDIO, IMAGE, TEXT
from kerastune_ft.errors import ConfigError, PromiseError
from kerastune_ft.exporting.formats import keras_file
from kerastune_ft.exporting.formats.base import ExportOptions
from kerastune_ft.exporting.graphs.base import Graphs
from kerastune_ft.graph import keras_private
from kerastune_ft.quiet_imports import without_remarks_of_sentence_piece, without_warnings_of_keras
from kerastune_ft.streams import error_stream

NEEDS: tuple[str, ...] = ()
INPUTS = keras_file.INPUTS
QUANTIZES: tuple[str, ...] = ()
RUNTIME = keras_file.RUNTIME
TOLERANCE = keras_file.TOLERANCE
FOLDER = "preset"
BESIDE = (FOLDER,)
"""All of keras-hub's backbone, of which the run may have trained an encoder alone."""
_SEEDS = "seed_generator_state"
# Of features, which may be large, as a share of the largest.
_SAME = 1e-4


def write(graphs: Graphs, folder: Path, options: ExportOptions) -> list[dict[str, Any]]:
    """Write `preset/` and the files of the format `keras`, and describe both.

    Raises ConfigError for a backbone that is none of keras-hub's, and PromiseError where the backbone of the preset,
    opened again, computes other features than that of the run.
    """
    from kerastune_ft.backbones.keras_hub import build_with_body

    run = graphs.origin
    if not isinstance(run.backbone, KerasHub):
        raise ConfigError(
            f"--format: preset is for backbones of keras-hub, and this run's is of the kind {run.backbone.kind}; keras "
            "holds it"
        )
    backbone, body, handle = build_with_body(run.backbone)
    lengths = getattr(backbone.input, "lengths", None)
    model = backbone.model if lengths is None else lengths.build(run.samples)[0]
    _copy_values(graphs.serving.trained, model)
    _compare(_find_features(graphs.serving.trained, run.output), _find_features(model, run.output))
    target = folder / FOLDER
    with _quiet():
        body.save_to_preset(str(target))
        if handle is not None:
            _PREPROCESSORS[run.modality](handle, run.length).save_to_preset(str(target))
    _compare_again(target, body)
    described = {
        "name": FOLDER,
        "what": f"keras_hub.models.Backbone.from_preset({FOLDER!r}): {type(body).__name__} without the run's head; "
        f'keras_hub.upload_preset("hf://USER/NAME", {FOLDER!r}) sends it to a hub',
        "file": FOLDER,
        "inputs": [],
        "outputs": [],
    }
    return [*keras_file.write(graphs, folder, options), described]


def _copy_values(trained: keras.Model, model: keras.Model) -> None:
    """Give the variables of a backbone the values that a trained model has under the same paths."""
    known = {variable.path: variable for variable in trained.variables}
    for variable in model.variables:
        if variable.path.endswith(_SEEDS):
            continue
        own = known.get(variable.path)
        if own is None or own.shape != variable.shape:
            raise ConfigError(
                f"--format: preset cannot hold this run: keras-hub's backbone has {variable.path}, and the run not; "
                "keras holds it"
            )
        variable.assign(own.value)


def _find_features(model: keras.Model, output: str) -> keras.Model:
    """Return the part of a model up to the operation whose output the head of the run reads; without one all of it."""
    nodes = {node.operation.name: node for node in keras_private.nodes_in_order(model)}
    return keras.Model(model.input, nodes[output].outputs[0]) if output in nodes else model


def _compare(wanted: keras.Model, made: keras.Model) -> None:
    shapes = [[tensor.shape for tensor in keras.tree.flatten(each.input)] for each in (wanted, made)]
    if shapes[0] != shapes[1]:
        raise ConfigError(
            f"--format: preset cannot hold this run, whose model takes {shapes[0]} where keras-hub's backbone takes "
            f"{shapes[1]}; keras holds it"
        )
    _refuse_others(np.asarray(wanted(_draw(wanted), training=False)), np.asarray(made(_draw(made), training=False)))


def _compare_again(folder: Path, body: keras.Model) -> None:
    import keras_hub

    with _quiet():
        again = keras_hub.models.Backbone.from_preset(str(folder), dtype="float32")
    found = (keras.tree.flatten(each(_draw(each), training=False)) for each in (body, again))
    for own, other in zip(*found, strict=True):
        _refuse_others(np.asarray(own), np.asarray(other))


def _refuse_others(wanted: np.ndarray, found: np.ndarray) -> None:
    far = np.abs(wanted - found).max() / max(np.abs(wanted).max(), 1e-12)
    if not far <= _SAME:
        raise PromiseError(
            f"the preset computes other features than the run (by {far:.2g} of the largest); nothing was written"
        )


def _draw(model: keras.Model) -> Any:
    """Return inputs for a model, the same for models that take the same, of few sizes where any will do."""
    random = np.random.default_rng(0)
    return keras.tree.map_structure(lambda tensor: _draw_tensor(tensor, random), model.input)


def _draw_tensor(tensor: Any, random: np.random.Generator) -> np.ndarray:
    shape = [2, *(8 if size is None else size for size in tensor.shape[1:])]
    if not tensor.dtype.startswith(("int", "bool")):
        return random.normal(0, 0.1, shape).astype(tensor.dtype)
    # Tokens of any vocabulary, and masks and segments of ones.
    return (random.integers(1, 100, shape) if "token" in tensor.name else np.ones(shape)).astype(tensor.dtype)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    with contextlib.redirect_stdout(error_stream()), without_warnings_of_keras():
        yield


def _open_text(handle: str, length: int | None) -> Any:
    import keras_hub

    with without_remarks_of_sentence_piece():
        try:
            return keras_hub.models.TextClassifierPreprocessor.from_preset(handle, sequence_length=length)
        except ValueError:  # A family without a classifier has its tokenizer alone.
            return keras_hub.tokenizers.Tokenizer.from_preset(handle)


def _open_image(handle: str, length: int | None) -> Any:
    import keras_hub

    return keras_hub.layers.ImageConverter.from_preset(handle)


def _open_sound(handle: str, length: int | None) -> Any:
    import keras_hub

    return keras_hub.layers.AudioConverter.from_preset(handle)


_PREPROCESSORS: Mapping[str, Callable[[str, int | None], Any]] = {
    TEXT: _open_text,
    IMAGE: _open_image,
    AUDIO: _open_sound,
}
"""What opens the part of a preset that prepares inputs, by modality."""
