"""Settings of Keras that others make: this package needs TensorFlow below it, and figures must not depend on the rest.

Keras takes them from the environment and from a file of the user, keras.json, when it is imported; programs change them
later. A command of ours, which has a process of its own, sets them right. In a process of somebody else, as in a
notebook, they belong to the caller and are refused by name.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from kerastune_ft.errors import ConfigError
from kerastune_ft.quiet_imports import is_own_process

_BACKEND = "tensorflow"
_NEEDED = {"floatx": "float32", "image_data_format": "channels_last", "epsilon": 1e-7, "dtype_policy": "float32"}
# The values with which Keras can be imported at all.
_POSSIBLE = {
    "floatx": ("float16", "float32", "float64"),
    "image_data_format": ("channels_last", "channels_first"),
}


def refuse_foreign() -> None:
    """Raise ConfigError, before anything is done, for settings that this process cannot work with.

    That is a keras.json with which Keras cannot be imported and, in a process of somebody else, what `check` refuses.
    """
    if "keras" in sys.modules:
        check()
        return
    others = _find_others()
    if not others or is_own_process():
        return
    said = " and ".join(f"{source} says {', '.join(map(' '.join, settings))}" for source, settings in others.items())
    if any(name == "backend" for settings in others.values() for name, _ in settings):
        raise ConfigError(
            f'kerastune_ft needs Keras on TensorFlow, and {said}; set os.environ["KERAS_BACKEND"] = "tensorflow" '
            "before Keras is imported, or give the command in a shell"
        )
    raise ConfigError(f"{said}, and figures would depend on that: {_remedy(name for name, _ in others[find_file()])}")


def prepare() -> str | None:
    """Choose the backend before Keras is imported; return a sentence about the settings that a command passes over.

    Raises the errors of `refuse_foreign`.
    """
    refuse_foreign()
    if "keras" in sys.modules or not is_own_process():
        return None
    others = _find_others()
    os.environ["KERAS_BACKEND"] = _BACKEND
    if not others:
        return None
    said = " and ".join(f"{source} ({', '.join(map(' '.join, settings))})" for source, settings in others.items())
    return f"kerastune_ft computes with Keras on TensorFlow in float32, channels last, whatever {said} says"


def check() -> None:
    """Set right, in a process of our own, what Keras was imported with.

    Raises ConfigError in a process of somebody else for settings that the package cannot work with.
    """
    import keras

    config: Any = keras.config
    if (backend := config.backend()) != _BACKEND:
        raise ConfigError(
            f"kerastune_ft needs Keras on TensorFlow, and in this process it was imported with {backend}; start a new "
            'one (in a notebook: restart the kernel) with os.environ["KERAS_BACKEND"] = "tensorflow" first'
        )
    found = {
        "floatx": config.floatx(),
        "image_data_format": config.image_data_format(),
        "epsilon": config.epsilon(),
        "dtype_policy": config.dtype_policy().name,
    }
    others = {name: value for name, value in found.items() if value != _NEEDED[name]}
    if others and is_own_process():
        for name in _NEEDED:
            getattr(config, f"set_{name}")(_NEEDED[name])
    elif others:
        raise ConfigError(
            f"Keras is set to {', '.join(f'{name} {value}' for name, value in others.items())} in this process, and "
            f"figures would depend on that: {_remedy(others)}"
        )


def _remedy(names: Iterable[str]) -> str:
    lines = "; ".join(f"keras.config.set_{name}({_NEEDED[name]!r})" for name in names)
    return f"call {lines}; or give the command in a shell, which sets them right for itself"


def _find_others() -> dict[object, list[tuple[str, str]]]:
    """Return the settings that Keras would be imported with and that are not those needed, by who makes them."""
    written = _read_file(file := find_file())
    others: dict[object, list[tuple[str, str]]] = {}
    for name, needed in {"backend": _BACKEND, **_NEEDED}.items():
        variable = os.environ.get("KERAS_BACKEND") if name == "backend" else None
        value = variable or written.get(name, needed)
        if value != needed:
            source = "the environment variable KERAS_BACKEND" if variable else file
            others.setdefault(source, []).append((name, str(value)))
    return others


def find_file() -> Path:
    """Return where Keras looks for the settings of the user."""
    if home := os.environ.get("KERAS_HOME"):
        return Path(home) / "keras.json"
    base = os.path.expanduser("~")
    return Path(base if os.access(base, os.W_OK) else "/tmp") / ".keras" / "keras.json"


def _read_file(file: Path) -> Mapping[str, Any]:
    """Return the settings in a keras.json; empty where there is none, or one that Keras passes over."""
    try:
        if not file.exists():
            return {}
        document = json.loads(file.read_text(encoding="utf-8"))
    except ValueError:
        return {}
    except OSError as error:
        raise ConfigError(f"Keras cannot read its settings in {file} ({error.strerror}); mend or remove it") from error
    wrong = "" if isinstance(document, dict) else "is no JSON object"
    for name, values in _POSSIBLE.items():
        if not wrong and document.get(name, values[0]) not in values:
            wrong = f"says {name} {document[name]!r}, and there are {', '.join(values)}"
    if not wrong and not isinstance(document.get("epsilon", 1e-7), float):
        wrong = f"says epsilon {document['epsilon']!r}, which is no decimal number such as 1e-07"
    if wrong:
        raise ConfigError(f"Keras cannot be imported: {file} {wrong}; mend or remove it")
    return dict(document)
