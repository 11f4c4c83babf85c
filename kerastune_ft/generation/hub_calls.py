"""What is called of keras-hub's models that write texts, beside what they document.

tests/generation/test_hub_calls.py fails when a release of keras-hub changes one of these; nothing else in the package
may call them.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

WRONG_CACHES = frozenset({"GPTNeoXBackbone"})
"""Backbones that write other texts with their cache than without: in keras-hub 0.32 every token that GPT-NeoX writes
looks at those before it as if it stood at the first position."""


def build_cache(task: Any, token_ids: Any, padding_mask: Any) -> Any:
    """Return the keys and values of all positions of rows of tokens [rows, length], a nest of tensors.

    `task` is a `CausalLM`. Those of positions that are padding are there too; each is replaced before it is looked at.
    """
    return _call(task._build_cache, token_ids, padding_mask)[-1]


def call_with_cache(task: Any, token_ids: Any, cache: Any, index: Any) -> tuple[Any, Any]:
    """Return the scores of the tokens after `token_ids` [rows, 1] [rows, vocabulary], and the cache with theirs.

    `index` is the position of `token_ids` in their rows.
    """
    scores, _, cache = task.call_with_cache(token_ids, cache, index)
    return scores[:, 0], cache


def _call(build: Callable[..., Any], token_ids: Any, padding_mask: Any) -> Any:
    """Call a method that takes tokens, a mask in some families, and in some what belongs to pictures and sounds."""
    known = {"token_ids": token_ids, "padding_mask": padding_mask}
    return build(**{name: known.get(name) for name in inspect.signature(build).parameters})
