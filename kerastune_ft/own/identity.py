"""The identity of an object of Python: its name, its configuration, the hash of its source."""

from __future__ import annotations

import dataclasses
import dis
import functools
import hashlib
import inspect
import json
import re
import types
from collections.abc import Mapping
from typing import Any

from kerastune_ft.config.python_objects import PythonObject

# Packages whose classes are known by their version, which the manifest has.
_KNOWN = ("keras", "keras_hub", "tensorflow", "sklearn", "numpy", "tf_keras")
_PLAIN = (bool, int, float, str, bytes, type(None))


def identify(value: Any) -> PythonObject:
    """Return what an object is known by: a change of any of it is another object.

    Of a function its source counts, its defaults and the plain values that it closes over or names in its module, of a
    method its object too; of an object its class' source and its configuration (`get_config`, an instance's attributes
    that are numbers, texts or arrays), without the names that Keras counts up. Functions that it calls do not count.
    """
    if inspect.ismethod(value):
        inner = identify(value.__func__)
        given = {"self": identify(value.__self__).to_json(), "of": inner.configuration}
        return inner.model_copy(update={"configuration": _to_text(given)})
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
    return b"".join(_read_code(each.__code__) for each in members if hasattr(each, "__code__"))


def _read_code(code: types.CodeType) -> bytes:
    """Return the instructions, names and constants of compiled code, with those of the functions in it."""
    parts = [code.co_code, repr(code.co_names).encode()]
    for value in code.co_consts:
        # The order of a set is another one in every process.
        known = sorted(map(repr, value)) if isinstance(value, frozenset) else value
        parts.append(_read_code(value) if inspect.iscode(value) else repr(known).encode())
    return b"".join(parts)


def _closure_of(function: Any) -> str | None:
    """Return the defaults of a function and the plain values that it goes by, as JSON text; None without any."""
    if not inspect.isfunction(function):
        return None
    names, cells = function.__code__.co_freevars, function.__closure__ or ()
    closed = {name: cell.cell_contents for name, cell in zip(names, cells, strict=True)}
    # One that calls itself.
    closed = {name: each for name, each in closed.items() if each is not function}
    found = {"defaults": _plain(function.__defaults__), "closed_over": _plain(closed)}
    if named := _read_globals(function):
        found["globals"] = _plain(named)
    return _to_text(found) if any(found.values()) else None


def _read_globals(function: Any) -> dict[str, Any]:
    """Return the numbers, texts and arrays of its module, or of a notebook, that a function names."""
    known = function.__globals__
    found = {name: known[name] for name in sorted(_list_globals(function.__code__)) if name in known}
    return {name: each for name, each in found.items() if not inspect.ismodule(each) and _is_plain(each)}


def _list_globals(code: types.CodeType) -> set[str]:
    """Return the names of its module that compiled code reads, and the code in it."""
    names = {each.argval for each in dis.get_instructions(code) if each.opname == "LOAD_GLOBAL"}
    return names.union(*(_list_globals(value) for value in code.co_consts if inspect.iscode(value)))


def _configuration_of(value: Any) -> str | None:
    # A dataclass may have slots in the place of a dict.
    fields = dataclasses.fields(value) if dataclasses.is_dataclass(value) else ()
    attributes = {**{each.name: getattr(value, each.name) for each in fields}, **getattr(value, "__dict__", {})}
    found = _plain({key: each for key, each in attributes.items() if _is_plain(each)})
    if hasattr(value, "get_config"):
        try:
            configuration = _plain(value.get_config())
        except NotImplementedError:
            configuration = {}
        # That of a layer is complete; of Keras' losses and metrics some leave out what they were made with.
        found = configuration if hasattr(value, "weights") else {"attributes": found, **configuration}
    return _to_text(_without_names(found))


def _is_plain(value: Any) -> bool:
    """Return whether a value is made of numbers, texts and arrays alone."""
    if isinstance(value, Mapping):
        return all(map(_is_plain, value.values()))
    return all(map(_is_plain, value)) if isinstance(value, list | tuple) else _is_single(value)


def _is_single(value: Any) -> bool:
    return isinstance(value, _PLAIN) or _read_array(value) is not None


def _read_array(value: Any) -> bytes | None:
    """Return the bytes of an array or a tensor; None for anything else, variables among it, which training changes."""
    if inspect.isclass(value) or hasattr(value, "assign"):
        return None
    array = value.numpy() if hasattr(value, "numpy") else value
    return bytes(array.tobytes()) if hasattr(array, "tobytes") else None


def _plain(value: Any) -> Any:
    """Return a value as JSON has it; what JSON has not is its class' name, since an address says nothing."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(item) for item in (sorted(value, key=repr) if isinstance(value, set | frozenset) else value)]
    if isinstance(value, _PLAIN):
        return value.hex() if isinstance(value, bytes) else value
    if (content := _read_array(value)) is not None:
        return hashlib.sha256(content).hexdigest()
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
