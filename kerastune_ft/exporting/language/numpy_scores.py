"""Computes the scores of a folder of transformers from its config.json and model.safetensors, in NumPy alone.

An export is compared with its run by it: what the files say is computed by other means than those that wrote them, as
transformers defines these models. Also a program: `python numpy_scores.py FOLDER TOKENS.json`.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np


def score(folder: Path, rows: list[list[int]]) -> list[np.ndarray]:
    """Return for each row of token ids the scores [tokens, vocabulary] of the token that follows each."""
    from safetensors.numpy import load_file

    config = json.loads((folder / "config.json").read_text("utf-8"))
    weights = load_file(folder / "model.safetensors")
    compute = _score_gpt2 if config["model_type"] == "gpt2" else _score_llama
    return [compute(config, weights, np.asarray(row)) for row in rows]


def _score_llama(config: dict[str, Any], weights: dict[str, np.ndarray], tokens: np.ndarray) -> np.ndarray:
    """Llama, Mistral, Qwen 2 and Qwen 3: rotated positions, heads that share keys, gated units."""
    heads, shared, size = (config[name] for name in ("num_attention_heads", "num_key_value_heads", "head_dim"))
    count, epsilon = len(tokens), config["rms_norm_eps"]
    angles = np.arange(count)[:, None] * _frequencies(config, size)
    turn = np.cos(np.concatenate([angles] * 2, -1)), np.sin(np.concatenate([angles] * 2, -1))
    seen = _mask_future(count, config.get("sliding_window"))
    x = weights["model.embed_tokens.weight"][tokens].astype(np.float64)
    for number in range(config["num_hidden_layers"]):
        own = {name.removeprefix(f"model.layers.{number}."): each for name, each in weights.items()}
        h = _norm(x, own["input_layernorm.weight"], epsilon)
        parts = []
        for name, groups in (("q", heads), ("k", shared), ("v", shared)):
            value = h @ own[f"self_attn.{name}_proj.weight"].T + own.get(f"self_attn.{name}_proj.bias", 0.0)
            value = value.reshape(count, groups, size)
            if f"self_attn.{name}_norm.weight" in own:
                value = _norm(value, own[f"self_attn.{name}_norm.weight"], epsilon)
            if name != "v":
                half = np.concatenate([-value[..., size // 2 :], value[..., : size // 2]], -1)
                value = value * turn[0][:, None] + half * turn[1][:, None]
            parts.append(np.repeat(value, heads // groups, 1))
        queries, keys, values = parts
        x = x + _attend(queries, keys, values, seen) @ own["self_attn.o_proj.weight"].T
        h = _norm(x, own["post_attention_layernorm.weight"], epsilon)
        gate = h @ own["mlp.gate_proj.weight"].T
        x = x + (gate / (1 + np.exp(-gate)) * (h @ own["mlp.up_proj.weight"].T)) @ own["mlp.down_proj.weight"].T
    matrix = weights["model.embed_tokens.weight" if config["tie_word_embeddings"] else "lm_head.weight"]
    return np.asarray(_norm(x, weights["model.norm.weight"], epsilon) @ matrix.T)


def _score_gpt2(config: dict[str, Any], weights: dict[str, np.ndarray], tokens: np.ndarray) -> np.ndarray:
    heads, count = config["n_head"], len(tokens)
    epsilon, seen = config["layer_norm_epsilon"], _mask_future(count, None)
    x = (weights["transformer.wte.weight"][tokens] + weights["transformer.wpe.weight"][:count]).astype(np.float64)
    for number in range(config["n_layer"]):
        own = {name.removeprefix(f"transformer.h.{number}."): each for name, each in weights.items()}
        h = _centred_norm(x, own["ln_1.weight"], own["ln_1.bias"], epsilon)
        three = np.split(h @ own["attn.c_attn.weight"] + own["attn.c_attn.bias"], 3, -1)
        queries, keys, values = (each.reshape(count, heads, -1) for each in three)
        mixed = _attend(queries, keys, values, seen)
        x = x + mixed @ own["attn.c_proj.weight"] + own["attn.c_proj.bias"]
        h = _centred_norm(x, own["ln_2.weight"], own["ln_2.bias"], epsilon)
        h = h @ own["mlp.c_fc.weight"] + own["mlp.c_fc.bias"]
        h = 0.5 * h * (1 + np.tanh(np.sqrt(2 / np.pi) * (h + 0.044715 * h**3)))
        x = x + h @ own["mlp.c_proj.weight"] + own["mlp.c_proj.bias"]
    x = _centred_norm(x, weights["transformer.ln_f.weight"], weights["transformer.ln_f.bias"], epsilon)
    return np.asarray(x @ weights["transformer.wte.weight"].T)


def _frequencies(config: dict[str, Any], size: int) -> np.ndarray:
    """Return the angle that each pair of features turns by from one position to the next."""
    found: np.ndarray = config["rope_theta"] ** (-np.arange(0, size, 2) / size)
    scaling = config.get("rope_scaling")
    if not scaling:
        return found
    slow = found / scaling["factor"]
    if scaling["rope_type"] == "linear":
        return slow
    turns = scaling["original_max_position_embeddings"] * found / (2 * np.pi)
    low, high = scaling["low_freq_factor"], scaling["high_freq_factor"]
    share = np.clip((turns - low) / (high - low), 0.0, 1.0)
    return share * found + (1 - share) * slow


def _mask_future(count: int, window: int | None) -> np.ndarray:
    """Return which positions each position sees, bool [count, count]."""
    places = np.arange(count)
    back = places[:, None] - places[None, :]
    return (back >= 0) & (back < (window or count + 1))


def _attend(queries: np.ndarray, keys: np.ndarray, values: np.ndarray, seen: np.ndarray) -> np.ndarray:
    """Return attention of arrays [tokens, heads, size] as [tokens, heads x size]."""
    scores = np.einsum("qhd,khd->hqk", queries, keys) / np.sqrt(queries.shape[-1])
    scores = np.where(seen, scores, -np.inf)
    shares = np.exp(scores - scores.max(-1, keepdims=True))
    shares /= shares.sum(-1, keepdims=True)
    return np.einsum("hqk,khd->qhd", shares, values).reshape(len(queries), -1)


def _norm(x: np.ndarray, weight: np.ndarray, epsilon: float) -> np.ndarray:
    return np.asarray(x / np.sqrt((x**2).mean(-1, keepdims=True) + epsilon) * weight)


def _centred_norm(x: np.ndarray, weight: np.ndarray, bias: np.ndarray, epsilon: float) -> np.ndarray:
    centred = x - x.mean(-1, keepdims=True)
    return np.asarray(centred / np.sqrt((centred**2).mean(-1, keepdims=True) + epsilon) * weight + bias)


if __name__ == "__main__":
    for each in score(Path(sys.argv[1]), json.loads(Path(sys.argv[2]).read_text("utf-8"))):
        print(json.dumps(each.argmax(-1).tolist()))
