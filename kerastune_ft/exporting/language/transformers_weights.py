"""The weights of language models of keras-hub under the names, and in the shapes, that transformers has for them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import keras
import numpy as np

from kerastune_ft.errors import ConfigError

Tensors = dict[str, np.ndarray]
# Positions that a model is said to have, which keras-hub does not keep for those that have no table of them.
_POSITIONS = 8192
_LLAMA_NAMES: Mapping[str, str] = {
    "self_attention_layernorm/scale": "input_layernorm.weight",
    "feedforward_layernorm/scale": "post_attention_layernorm.weight",
    "self_attention/query/kernel": "self_attn.q_proj.weight",
    "self_attention/query/bias": "self_attn.q_proj.bias",
    "self_attention/query_dense_layernorm/scale": "self_attn.q_norm.weight",
    "self_attention/key/kernel": "self_attn.k_proj.weight",
    "self_attention/key/bias": "self_attn.k_proj.bias",
    "self_attention/key_dense_layernorm/scale": "self_attn.k_norm.weight",
    "self_attention/value/kernel": "self_attn.v_proj.weight",
    "self_attention/value/bias": "self_attn.v_proj.bias",
    "self_attention/attention_output/kernel": "self_attn.o_proj.weight",
    "feedforward_gate_dense/kernel": "mlp.gate_proj.weight",
    "feedforward_intermediate_dense/kernel": "mlp.up_proj.weight",
    "feedforward_output_dense/kernel": "mlp.down_proj.weight",
}
_GPT2_NAMES: Mapping[str, str] = {
    "self_attention_layer_norm/gamma": "ln_1.weight",
    "self_attention_layer_norm/beta": "ln_1.bias",
    "feedforward_layer_norm/gamma": "ln_2.weight",
    "feedforward_layer_norm/beta": "ln_2.bias",
    "self_attention/attention_output/kernel": "attn.c_proj.weight",
    "self_attention/attention_output/bias": "attn.c_proj.bias",
    "feedforward_intermediate_dense/kernel": "mlp.c_fc.weight",
    "feedforward_intermediate_dense/bias": "mlp.c_fc.bias",
    "feedforward_output_dense/kernel": "mlp.c_proj.weight",
    "feedforward_output_dense/bias": "mlp.c_proj.bias",
}


def convert(body: Any) -> tuple[dict[str, Any], Tensors]:
    """Return the config.json and the tensors of a backbone of keras-hub as transformers has them.

    Raises ConfigError for a class whose weights have no such names here.
    """
    name = type(body).__name__
    if name not in _CONVERTERS:
        raise ConfigError(
            f"--format: transformers cannot hold a {name}; it holds {', '.join(_CONVERTERS)}; write preset, which "
            "holds every model"
        )
    return _CONVERTERS[name](body)


def _like_llama(kind: str, model_type: str) -> Callable[[Any], tuple[dict[str, Any], Tensors]]:
    def convert_body(body: Any) -> tuple[dict[str, Any], Tensors]:
        heads, width = int(body.num_query_heads), int(body.hidden_dim)
        own = body.get_config()
        config = {
            "architectures": [f"{kind}ForCausalLM"],
            "model_type": model_type,
            "vocab_size": int(body.vocabulary_size),
            "hidden_size": width,
            "intermediate_size": int(body.intermediate_dim),
            "num_hidden_layers": int(body.num_layers),
            "num_attention_heads": heads,
            "num_key_value_heads": int(body.num_key_value_heads),
            "head_dim": int(own.get("head_dim") or width // heads),
            "hidden_act": "silu",
            "max_position_embeddings": _POSITIONS,
            "rms_norm_eps": float(own["layer_norm_epsilon"]),
            "rope_theta": float(own["rope_max_wavelength"]),
            "rope_scaling": _find_scaling(own),
            "attention_bias": False,
            "attention_dropout": 0.0,
            "tie_word_embeddings": bool(body.token_embedding.tie_weights),
            **_find_window(own),
        }
        return config, _convert_llama(body)

    return convert_body


def _find_scaling(own: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return how positions are stretched; None where they are not."""
    if own.get("rope_frequency_adjustment_factor"):
        return {
            "rope_type": "llama3",
            "factor": float(own["rope_frequency_adjustment_factor"]),
            "low_freq_factor": float(own["rope_low_freq_factor"]),
            "high_freq_factor": float(own["rope_high_freq_factor"]),
            "original_max_position_embeddings": int(own["rope_pretraining_sequence_length"]),
        }
    # Llama's `rope_position_scaling_factor` is not among them: keras-hub keeps it and computes positions without it.
    factor = float(own.get("rope_scaling_factor") or 1.0)
    return None if factor == 1.0 else {"rope_type": "linear", "factor": factor}


def _find_window(own: Mapping[str, Any]) -> dict[str, Any]:
    """Return the tokens that a token sees at most, where a model has such a number and uses it."""
    if "sliding_window" in own:
        return {"sliding_window": own["sliding_window"]}
    if own.get("use_sliding_window_attention"):
        return {"use_sliding_window": True, "sliding_window": own["sliding_window_size"], "max_window_layers": 0}
    return {}


def _convert_llama(body: Any) -> Tensors:
    found: Tensors = {}
    width = int(body.hidden_dim)
    for path, value in _read_values(body).items():
        layer, _, rest = path.partition("/")
        if layer.startswith("transformer_layer_"):
            name = f"model.layers.{layer.rpartition('_')[2]}.{_LLAMA_NAMES[rest]}"
            found[name] = _as_matrix(value, rest, width)
    embeddings = body.token_embedding
    found["model.embed_tokens.weight"] = embeddings.embeddings.numpy()
    found["model.norm.weight"] = _read_values(body)["sequence_output_layernorm/scale"]
    if not embeddings.tie_weights:
        found["lm_head.weight"] = embeddings.reverse_embeddings.numpy().T
    return found


def _as_matrix(value: np.ndarray, rest: str, width: int) -> np.ndarray:
    """Return a kernel of keras-hub as [outputs, inputs], and anything else as it is, flat where it has heads."""
    if not rest.endswith("kernel"):
        return value.reshape(-1)
    is_output = rest in ("self_attention/attention_output/kernel", "feedforward_output_dense/kernel")
    return (value.reshape(-1, width) if is_output else value.reshape(width, -1)).T


def _convert_gpt2(body: Any) -> tuple[dict[str, Any], Tensors]:
    width = int(body.hidden_dim)
    config = {
        "architectures": ["GPT2LMHeadModel"],
        "model_type": "gpt2",
        "vocab_size": int(body.vocabulary_size),
        "n_positions": int(body.max_sequence_length),
        "n_embd": width,
        "n_layer": int(body.num_layers),
        "n_head": int(body.num_heads),
        "n_inner": int(body.intermediate_dim),
        "activation_function": "gelu_new",
        "layer_norm_epsilon": 1e-5,
        "tie_word_embeddings": True,
        **{f"{place}_pdrop": float(body.dropout) for place in ("resid", "embd", "attn")},
    }
    values = _read_values(body)
    found: Tensors = {
        "transformer.wte.weight": body.token_embedding.embeddings.numpy(),
        "transformer.wpe.weight": values["position_embedding/embeddings"],
        "transformer.ln_f.weight": values["layer_norm/gamma"],
        "transformer.ln_f.bias": values["layer_norm/beta"],
    }
    for number in range(int(body.num_layers)):
        layer, place = f"transformer_layer_{number}/", f"transformer.h.{number}."
        for rest, name in _GPT2_NAMES.items():
            value = values[layer + rest]
            found[place + name] = value.reshape(-1, width) if rest.endswith("output/kernel") else value
        for part, shape in (("kernel", (width, width)), ("bias", (width,))):
            three = [
                values[f"{layer}self_attention/{each}/{part}"].reshape(shape) for each in ("query", "key", "value")
            ]
            found[f"{place}attn.c_attn.{'weight' if part == 'kernel' else 'bias'}"] = np.concatenate(three, -1)
    return config, found


def _read_values(body: keras.Model) -> dict[str, np.ndarray]:
    """Return the values of the variables of a backbone by path."""
    return {variable.path: np.asarray(variable.numpy()) for variable in body.variables}


_CONVERTERS: Mapping[str, Callable[[Any], tuple[dict[str, Any], Tensors]]] = MappingProxyType(
    {
        "GPT2Backbone": _convert_gpt2,
        "LlamaBackbone": _like_llama("Llama", "llama"),
        "Llama3Backbone": _like_llama("Llama", "llama"),
        "MistralBackbone": _like_llama("Mistral", "mistral"),
        "QwenBackbone": _like_llama("Qwen2", "qwen2"),
        "Qwen2Backbone": _like_llama("Qwen2", "qwen2"),
        "Qwen3Backbone": _like_llama("Qwen3", "qwen3"),
    }
)
