"""What is called of keras-hub's models that write texts, beside what they document.

tests/generation/test_hub_calls.py fails when a release of keras-hub changes one of these; nothing else in the package
may call them.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
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


def build_pair_cache(task: Any, inputs: Mapping[str, Any]) -> Any:
    """Return what an encoder makes of texts, and the keys and values of a decoder, a nest of tensors.

    `task` is a `Seq2SeqLM`; `inputs` are those of its backbone by name, rows [rows, length]. Keys and values of
    positions that are still to be written are there too; each is replaced before it is looked at.
    """
    build = task._build_cache
    return build(**{name: inputs[name] for name in inspect.signature(build).parameters})[1:]


def call_pair_with_cache(task: Any, token_ids: Any, mask: Any, state: Any, index: Any) -> tuple[Any, Any]:
    """Return the scores of the tokens after `token_ids` [rows, 1] [rows, vocabulary], and the state with theirs.

    `mask` [rows, length] is that of the texts that are read, `state` what `build_pair_cache` or this returned.
    """
    if "cache" in inspect.signature(task.call_decoder_with_cache).parameters:
        cache, (read, read_mask) = state
        scores, _, cache = task.call_decoder_with_cache(
            decoder_token_ids=token_ids,
            decoder_padding_mask=None,
            cache=cache,
            cache_update_index=index,
            encoder_output=read,
            encoder_padding_mask=read_mask,
        )
        return scores[:, 0], (cache, (read, read_mask))
    read, own, others = state
    # T5's has no default for this one.
    scores, own = _decode(task, token_ids, (own, others, read, mask), index, cross_attention_cache_update_index=None)
    return scores, (read, own, others)


def build_speech_cache(task: Any, inputs: Mapping[str, Any]) -> Any:
    """Return what an encoder makes of sounds with its mask, and the keys and values of a decoder, a nest of tensors.

    `task` is an `AudioToText`; `inputs` are those of its backbone by name. Keys and values of positions that are still
    to be written are there too; each is replaced before it is looked at.
    """
    _, own, others, heard, mask = task._build_cache(**inputs)
    return own, others, heard, mask


def call_speech_with_cache(task: Any, token_ids: Any, state: Any, index: Any) -> tuple[Any, Any]:
    """Return the scores of the tokens after `token_ids` [rows, 1] [rows, vocabulary], and the state with theirs.

    `state` is what `build_speech_cache` or this returned.
    """
    _, others, heard, mask = state
    scores, own = _decode(task, token_ids, state, index)
    return scores, (own, others, heard, mask)


def _decode(task: Any, token_ids: Any, state: Any, index: Any, **options: Any) -> tuple[Any, Any]:
    """Return the scores after tokens [rows, vocabulary], and the keys and values of the decoder with theirs."""
    own, others, encoded, mask = state
    scores, _, own, _ = task.call_decoder_with_cache(
        encoder_hidden_states=encoded,
        encoder_padding_mask=mask,
        decoder_token_ids=token_ids,
        self_attention_cache=own,
        self_attention_cache_update_index=index,
        cross_attention_cache=others,
        **options,
    )
    return scores[:, 0], own
