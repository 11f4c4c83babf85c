"""The backbone that a call is given: a name, a path, options, or a Keras model, which is saved to a file."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import Any

import numpy as np

from kerastune_ft.api.arguments import plain
from kerastune_ft.api.engine import Config, Overrides, list_overrides
from kerastune_ft.data.in_memory.values import name_type
from kerastune_ft.data.in_memory.write import Digest, write_once
from kerastune_ft.errors import ConfigError
from kerastune_ft.streams import say

# Keys of another backbone's own, which a model has not.
_NOT_SAVED = ("kind", "name", "weights", "class", "preset", "options", "path", "head")


def find_backbone(backbone: Any, directory: str | os.PathLike[str]) -> str | Mapping[str, Any] | None:
    """Return a backbone as a name, a path or options; a Keras model is first written to a file below `directory`.

    Raises ConfigError for other objects.
    """
    if backbone is None or isinstance(backbone, str):
        return backbone
    if isinstance(backbone, os.PathLike):
        return os.fspath(backbone)
    if isinstance(backbone, Mapping):
        options: Mapping[str, Any] = plain(backbone)
        return options
    if not all(hasattr(backbone, name) for name in ("layers", "save", "get_weights", "to_json")):
        raise ConfigError(
            f'backbone: {name_type(backbone)} is no model; give a name, as "MobileNetV2", a preset, a path, a Keras '
            'model, or the keys of backbone, as {"name": "MobileNetV2", "weights": "weights.h5"}'
        )
    return _write_model(backbone, directory)


def _write_model(model: Any, directory: str | os.PathLike[str]) -> str:
    digest = Digest()
    digest.add(model.to_json())
    for weights in model.get_weights():
        digest.add(np.asarray(weights))
    path, is_new = write_once(directory, "model", ".keras", digest.text, model.save)
    if is_new:
        say(f"the model was written to {path}, which the configuration names")
    return os.fspath(path)


def with_backbone(
    config: Config, overrides: Overrides, backbone: Any, directory: str | os.PathLike[str] | None
) -> Overrides:
    """Return overrides that also give a backbone: a Keras model, or its keys with a model as `path`.

    A model is written to a file below `directory`, whose name follows from its content.
    """
    if backbone is None:
        return overrides
    known = config.get("backbone") if isinstance(config, Mapping) else None
    kept = {key: value for key, value in (known or {}).items() if key not in _NOT_SAVED}
    keys = dict(backbone) if isinstance(backbone, Mapping) else {"path": backbone}
    model = keys.pop("path", None)
    if model is None or isinstance(model, str):
        raise ConfigError(
            "backbone: give a Keras model, or its keys with the model as path, as "
            '{"path": model, "input": "-1-1"}; a name or a path is written in the configuration'
        )
    path = find_backbone(model, directory or "runs")
    options = {**kept, **plain(keys), "kind": "saved", "path": path}
    return [*list_overrides(overrides), f"backbone={json.dumps(options)}"]
