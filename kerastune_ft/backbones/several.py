"""A backbone for examples with several inputs: one model from all of them to the features that the head joins.

Each picture and each text is read by its own backbone; several pictures of an example go through one, whose layers are
called once for each. Numbers and words pass by on their way to the head.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, ClassVar

import keras

from kerastune_ft.backbones.base import Backbone, Transfer
from kerastune_ft.backbones.inputs import BackboneInput
from kerastune_ft.config.options.task_facts import SEVERAL_INPUTS
from kerastune_ft.errors import ConfigError
from kerastune_ft.graph import keras_private
from kerastune_ft.graph.units import Unit, is_seed

COLUMNS = "columns"
"""The input, and the part, of numbers and words."""
_PASSED = f"{COLUMNS}_passed"
_NOTHING: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True)
class SeveralInput:
    """What a backbone of several inputs takes: a dict of the inputs of its parts by name."""

    parts: Mapping[str, BackboneInput]
    """What each picture and text is brought to, by the name of the part."""
    names: Mapping[str, tuple[str, ...]]
    """By part, the names of the model's inputs; of numbers and words, where there are some, under `columns`."""
    columns: Mapping[str, Any] = field(default_factory=dict)
    """How numbers and words are encoded, as plan.json has it; empty without any."""
    prefix_tokens: Mapping[str, int] = field(default_factory=dict)
    """By part, how many of the first positions of its features are no places of its input."""
    modality: ClassVar[str] = SEVERAL_INPUTS

    @property
    def augmentation_modality(self) -> str:
        """Return the modality whose inputs an augmentation changes: that of the first part."""
        return next(iter(self.parts.values())).modality

    @property
    def image_size(self) -> tuple[int, int]:
        """Return height and width of the pictures, of which all have one size; (0, 0) without any."""
        return next((part.image_size for part in self.parts.values() if part.values), (0, 0))

    @property
    def values(self) -> int:
        """Return the pixels of all pictures of an example."""
        return sum(part.values for part in self.parts.values())

    def choose_samples(self, usual: int) -> int:
        """Return `usual`: there are no sounds among the inputs."""
        return usual

    def padding_mask(self, model: keras.Model) -> Any:
        """Return the symbolic padding masks [batch, length] by part; None where nothing is padded."""
        masks = {name: part.padding_mask(model) for name, part in self.parts.items()}
        return {name: mask for name, mask in masks.items() if mask is not None} or None

    def windows(self, model: keras.Model) -> Any:
        """Return None: texts beside other inputs are read in one row."""
        return None

    def check_first_token(self, name: str, model: keras.Model, features: Any, class_tokens: int) -> None:
        """Accept any: `join_backbones` has checked each part."""

    def to_json(self) -> dict[str, Any]:
        """Return what plan.json has of the parts beside their own entries."""
        return {
            "parts": {name: list(names) for name, names in self.names.items()},
            "prefix_tokens": dict(self.prefix_tokens),
            "columns": dict(self.columns) or None,
        }


def join_backbones(
    backbones: Mapping[str, Backbone], pictures: Sequence[str], columns: Mapping[str, Any], pooling: str
) -> Backbone:
    """Return one backbone of several inputs, made of the layers of these, which are by modality.

    `pictures` are the names of the pictures of an example, `columns` describes its numbers and words as plan.json does,
    and `pooling` is that of the head. Raises ConfigError where a backbone has no token that stands for its whole input
    and `pooling` takes the first. Units are named by the input before their own name where there are two backbones.
    """
    several = len(backbones) > 1
    taken: set[str] = {_PASSED, COLUMNS}
    inputs: dict[str, Any] = {}
    features: dict[str, Any] = {}
    given: dict[str, BackboneInput] = {}
    names: dict[str, tuple[str, ...]] = {}
    for modality, backbone in backbones.items():
        if pooling == "cls":
            backbone.input.check_first_token(
                backbone.name, backbone.model, backbone.model.output, backbone.prefix_tokens
            )
        _rename_equal(backbone.model, modality, taken)
        for name in pictures if backbone.input.values else (modality,):
            own_inputs, features[name] = _call(backbone.model, name, len(pictures) > 1 and bool(backbone.input.values))
            inputs |= own_inputs
            given[name], names[name] = backbone.input, tuple(own_inputs)
    if columns:
        inputs[COLUMNS] = keras.Input((columns["width"],), name=COLUMNS, dtype="float32")
        # Through a layer: Keras loses tensors that are both input and output.
        features[COLUMNS] = keras.layers.Identity(dtype="float32", name=_PASSED)(inputs[COLUMNS])
        names[COLUMNS] = (COLUMNS,)
    first = next(iter(backbones.values()))
    tokens = {
        name: backbones[modality].prefix_tokens
        for modality, backbone in backbones.items()
        for name in (pictures if backbone.input.values else (modality,))
        if backbone.prefix_tokens
    }
    joined = replace(
        first,
        name=" + ".join(backbone.name for backbone in backbones.values()),
        model=keras.Model(inputs, features, name=first.model.name),
        units=tuple(
            _name_unit(unit, name if several else "") for name, each in backbones.items() for unit in each.units
        ),
        input=SeveralInput(given, names, columns, tokens),
        preprocessing=_join_words({name: backbone.preprocessing for name, backbone in backbones.items()}),
        transfer=_join_transfers({name: backbone.transfer for name, backbone in backbones.items()}),
        notes=tuple(note for backbone in backbones.values() for note in backbone.notes),
        prefix_tokens=0,
        body=None,
    )
    _check_paths(joined)
    return joined


def trim_features(backbone: Backbone, pooling: str) -> dict[str, Any]:
    """Return the symbolic features of each part that the head gets: without class tokens, unless it takes the first."""
    given: Any = backbone.input
    tokens = _NOTHING if pooling == "cls" else given.prefix_tokens
    found = backbone.outputs
    return {name: tensor[:, tokens[name] :] if name in tokens else tensor for name, tensor in found.items()}


def _call(model: keras.Model, name: str, is_one_of_many: bool) -> tuple[dict[str, Any], Any]:
    """Return the inputs of a model by name, and its features: of several pictures of a call of its own for each."""
    if not is_one_of_many:
        inputs = model.input if isinstance(model.input, dict) else {name: model.input}
        return dict(inputs), model.output
    given = keras.Input(tuple(model.input.shape[1:]), name=name, dtype=model.input.dtype)
    return {name: given}, keras_private.run_graph(model, given, _call_again)


def _call_again(operation: Any, *arguments: Any, **options: Any) -> Any:
    return operation(*arguments, **options)


def _rename_equal(model: keras.Model, modality: str, taken: set[str]) -> None:
    """Give operations whose names another backbone has the modality before theirs, and their variables such paths."""
    operations = {id(node.operation): node.operation for node in keras_private.nodes_in_order(model)}
    for operation in operations.values():
        before = operation.name
        if before in taken:
            operation.name = f"{modality}_{before}"
            for variable in getattr(operation, "variables", ()):
                if variable.path.startswith(f"{before}/"):
                    keras_private.set_path(variable, f"{modality}_{variable.path}")
    taken.update(operation.name for operation in operations.values())


def _name_unit(unit: Unit, part: str) -> Unit:
    return replace(unit, id=f"{part}.{unit.id}", part=part) if part else unit


def _join_words(words: Mapping[str, str]) -> str:
    return (
        "; ".join(f"{name}: {each}" for name, each in words.items()) if len(words) > 1 else next(iter(words.values()))
    )


def _join_transfers(transfers: Mapping[str, Transfer]) -> Transfer:
    if len(transfers) == 1:
        return next(iter(transfers.values()))
    hashes = {name: each.sha256 for name, each in transfers.items() if each.sha256}
    return Transfer(
        _join_words({name: each.source for name, each in transfers.items()}),
        _join_words(hashes) if len(hashes) > 1 else next(iter(hashes.values()), None),
        sum(each.loaded for each in transfers.values()),
        tuple(path for each in transfers.values() for path in each.missing),
        tuple(name for each in transfers.values() for name in each.unused),
    )


def _check_paths(backbone: Backbone) -> None:
    paths = [variable.path for variable in backbone.model.variables if not is_seed(variable)]
    if len(paths) != len(set(paths)):
        repeated = sorted({path for path in paths if paths.count(path) > 1})[:3]
        raise ConfigError(
            f"backbone: {backbone.name} have layers of the same name ({', '.join(repeated)}), which checkpoints could "
            "not tell apart; write another backbone for one of them"
        )
