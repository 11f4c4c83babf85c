"""The identity of an object of Python: its name, its configuration, the hash of its source."""

from __future__ import annotations

import functools
import hashlib
import inspect
import json
import re
from collections.abc import Mapping
from typing import Any

from kerastune_ft.config.python_objects import PythonObject

# Packages whose classes are known by their version, which the manifest has.
_KNOWN = ("keras", "keras_hub", "tensorflow", "sklearn", "numpy", "tf_keras")
_PLAIN = (bool, int, float, str, bytes, type(None))


def identify(value: Any) -> PythonObject:
    """Return what an object is known by: a change of any of it is another object.

    Of a function its source counts, its defaults and the plain values that it closes over; of an object its class'
    source and its configuration (`get_config`, a dataclass' or instance's plain attributes), without the names that
    Keras counts up. Functions that it calls do not count.
    """
    if isinstance(value, functools.partial):
        inner = identify(value.func)
        given = {"args": _plain(value.args), "keywords": _plain(value.keywords), "of": inner.configuration}
        return inner.model_copy(update={"configuration": _to_text(given)})
    if inspect.isroutine(value) or inspect.isclass(value):
        return PythonObject(name=value.__qualname__, configuration=_closure_of(value), sha256=_hash_source(value))
    kind = type(value)
    return PythonObject(name=kind.__qualname__, configuration=_configuration_of(value), sha256=_hash_source(kind))


def _hash_source(value: Any) -> str | None:
    """Return the SHA-256 of a function's or class' source, or of its code where no source is at hand."""
    if (value.__module__ or "").partition(".")[0] in _KNOWN:
        return None
    try:
        content = inspect.getsource(value).encode()
    except (OSError, TypeError):
        content = _code_of(value)
    return hashlib.sha256(content).hexdigest()


def _code_of(value: Any) -> bytes:
    """Return the compiled code of a function, or of the functions of a class."""
    members = vars(value).values() if inspect.isclass(value) else [value]
    codes = [each.__code__ for each in members if hasattr(each, "__code__")]
    return b"".join(code.co_code + repr(code.co_names).encode() for code in codes)


def _closure_of(function: Any) -> str | None:
    """Return the defaults of a function and the plain values that it closes over, as JSON text; None without any."""
    if not inspect.isfunction(function):
        return None
    names, cells = function.__code__.co_freevars, function.__closure__ or ()
    closed = {name: cell.cell_contents for name, cell in zip(names, cells, strict=True)}
    found = {"defaults": _plain(function.__defaults__), "closed_over": _plain(closed)}
    return _to_text(found) if any(found.values()) else None


def _configuration_of(value: Any) -> str | None:
    found = _plain({key: each for key, each in getattr(value, "__dict__", {}).items() if _is_plain(each)})
    if hasattr(value, "get_config"):
        try:
            configuration = _plain(value.get_config())
        except NotImplementedError:
            configuration = {}
        # That of a layer is complete; of Keras' losses and metrics some leave out what they were made with.
        found = configuration if hasattr(value, "weights") else {"attributes": found, **configuration}
    return _to_text(_without_names(found))


def _is_plain(value: Any) -> bool:
    """Return whether a value is made of numbers and texts alone."""
    if isinstance(value, Mapping):
        return all(map(_is_plain, value.values()))
    return all(map(_is_plain, value)) if isinstance(value, list | tuple) else isinstance(value, _PLAIN)


def _plain(value: Any) -> Any:
    """Return a value as JSON has it; what JSON has not is its class' name, since an address says nothing."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(item) for item in (sorted(value, key=repr) if isinstance(value, set | frozenset) else value)]
    if isinstance(value, _PLAIN):
        return value.hex() if isinstance(value, bytes) else value
    if hasattr(value, "tobytes"):
        return hashlib.sha256(value.tobytes()).hexdigest()
    if inspect.isroutine(value) or inspect.isclass(value) or hasattr(value, "get_config"):
        return identify(value).to_json()
    return type(value).__qualname__


def _without_names(configuration: Any) -> Any:
    """Return a configuration of Keras with its layers' names by their order: Keras counts them up in a process."""
    names: dict[str, str] = {}

    def collect(value: Any) -> None:
        if isinstance(value, dict):
            name = value.get("name")
            if isinstance(name, str):
                names.setdefault(name, f"{re.sub(r'_[0-9]+$', '', name)}#{len(names)}")
            for item in value.values():
                collect(item)
        elif isinstance(value, list):
            for item in value:
                collect(item)

    def replace(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: replace(item) for key, item in value.items()}
        if isinstance(value, list):
            return [replace(item) for item in value]
        return names.get(value, value) if isinstance(value, str) else value

    collect(configuration)
    return replace(configuration)


def _to_text(value: Any) -> str | None:
    return json.dumps(value, sort_keys=True) if value else None
