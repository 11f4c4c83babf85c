"""Calls with arguments that a function does not have, said in one sentence."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from kerastune_ft.config.words import nearest
from kerastune_ft.errors import ConfigError


def check_call(function: Callable[..., Any], arguments: Sequence[Any], options: Mapping[str, Any]) -> None:
    """Raise ConfigError for a call that lacks an argument of a public function, or has one that it does not take."""
    signature = inspect.signature(function)
    try:
        signature.bind(*arguments, **options)
    except TypeError as problem:
        raise ConfigError(_explain(function, signature, options, str(problem))) from None


def _explain(
    function: Callable[..., Any], signature: inspect.Signature, options: Mapping[str, Any], problem: str
) -> str:
    is_method = next(iter(signature.parameters), None) == "self"
    called = f"run.{function.__name__}" if is_method else f"kt.{function.__name__}"
    names = [name for name in signature.parameters if name != "self"]
    takes_any = any(each.kind is each.VAR_KEYWORD for each in signature.parameters.values())
    unknown = None if takes_any else next((name for name in options if name not in names), None)
    if unknown is not None:
        near = nearest(unknown, names)
        hint = f"did you mean {near!r}?" if near else f"it takes {', '.join(names) or 'none'}"
        return f"{called} has no argument {unknown!r}; {hint}"
    written = ", ".join(
        f"{each.name}=..." if each.kind is each.KEYWORD_ONLY else each.name
        for each in signature.parameters.values()
        if each.default is each.empty and each.name in names and each.kind is not each.VAR_KEYWORD
    )
    return f"{called}: {problem}; write  {called}({written})"
