"""Scores of a folder of transformers, compared with loops over tokens that use none of its arrays' operations."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save_file

from kerastune_ft.exporting.language import numpy_scores

TOKENS = [3, 1, 4, 1, 5, 9]
WORDS, WIDTH, INNER, HEADS, SHARED, SIZE = 11, 8, 6, 2, 1, 4
LLAMA: dict[str, Any] = {
    "model_type": "llama", "num_attention_heads": HEADS, "num_key_value_heads": SHARED, "head_dim": SIZE,
    "rms_norm_eps": 1e-5, "num_hidden_layers": 1, "tie_word_embeddings": True, "rope_theta": 100.0,
}  # fmt: skip
LLAMA3 = {
    "rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
    "original_max_position_embeddings": 16,
}  # fmt: skip
GPT2: dict[str, Any] = {"model_type": "gpt2", "n_head": HEADS, "n_layer": 1, "layer_norm_epsilon": 1e-5}


def _draw(shapes: dict[str, tuple[int, ...]]) -> dict[str, np.ndarray]:
    random = np.random.default_rng(0)
    return {name: random.normal(0, 0.5, shape).astype("float32") for name, shape in shapes.items()}


def _draw_llama() -> dict[str, np.ndarray]:
    block = {
        "input_layernorm.weight": (WIDTH,), "post_attention_layernorm.weight": (WIDTH,),
        "self_attn.q_proj.weight": (HEADS * SIZE, WIDTH), "self_attn.k_proj.weight": (SHARED * SIZE, WIDTH),
        "self_attn.v_proj.weight": (SHARED * SIZE, WIDTH), "self_attn.o_proj.weight": (WIDTH, HEADS * SIZE),
        "mlp.gate_proj.weight": (INNER, WIDTH), "mlp.up_proj.weight": (INNER, WIDTH),
        "mlp.down_proj.weight": (WIDTH, INNER),
    }  # fmt: skip
    named = {f"model.layers.0.{name}": shape for name, shape in block.items()}
    return _draw({"model.embed_tokens.weight": (WORDS, WIDTH), "model.norm.weight": (WIDTH,), **named})


def _write(folder: Path, config: dict[str, Any], weights: dict[str, np.ndarray]) -> Path:
    (folder / "config.json").write_text(json.dumps(config))
    save_file(weights, folder / "model.safetensors")
    return folder


def _norm(x: np.ndarray, weight: np.ndarray) -> np.ndarray:
    return x / math.sqrt(sum(v * v for v in x) / len(x) + 1e-5) * weight


def _turn(x: np.ndarray, place: int, speeds: list[float]) -> np.ndarray:
    """Rotate the pairs (i, i + half) of a head as complex numbers."""
    half = len(x) // 2
    turned = [complex(x[i], x[i + half]) * complex(math.cos(place * f), math.sin(place * f)) for i, f in
              enumerate(speeds)]  # fmt: skip
    return np.array([v.real for v in turned] + [v.imag for v in turned])


def _loop(weights: dict[str, np.ndarray], speeds: list[float], window: int) -> np.ndarray:
    own = {name.removeprefix("model.layers.0."): value.astype(float) for name, value in weights.items()}
    xs = [own["model.embed_tokens.weight"][token] for token in TOKENS]
    found = []
    keys, values = [], []
    for place, x in enumerate(xs):
        h = _norm(x, own["input_layernorm.weight"])
        keys.append(_turn(own["self_attn.k_proj.weight"] @ h, place, speeds))
        values.append(own["self_attn.v_proj.weight"] @ h)
        queries = own["self_attn.q_proj.weight"] @ h
        mixed = []
        for head in range(HEADS):
            query = _turn(queries[head * SIZE : (head + 1) * SIZE], place, speeds)
            seen = range(max(0, place - window + 1), place + 1)
            shares = [math.exp(float(query @ keys[other]) / math.sqrt(SIZE)) for other in seen]
            mixed.append(sum(s * values[other] for s, other in zip(shares, seen, strict=True)) / sum(shares))
        x = x + own["self_attn.o_proj.weight"] @ np.concatenate(mixed)
        h = _norm(x, own["post_attention_layernorm.weight"])
        gate = np.array([v / (1 + math.exp(-v)) for v in own["mlp.gate_proj.weight"] @ h])
        x = x + own["mlp.down_proj.weight"] @ (gate * (own["mlp.up_proj.weight"] @ h))
        found.append(own["model.embed_tokens.weight"] @ _norm(x, own["model.norm.weight"]))
    return np.array(found)


def _speed(pair: int, scaling: dict[str, Any] | None) -> float:
    own = 100.0 ** (-2 * pair / SIZE)
    if scaling is None:
        return own
    if scaling["rope_type"] == "linear":
        return own / scaling["factor"]
    length = 2 * math.pi / own
    if length < 16 / 4.0:
        return own
    if length > 16 / 1.0:
        return own / 8.0
    smooth = (16 / length - 1.0) / (4.0 - 1.0)
    return (1 - smooth) * own / 8.0 + smooth * own


@pytest.mark.parametrize("scaling", [None, {"rope_type": "linear", "factor": 2.0}, LLAMA3])
@pytest.mark.parametrize("window", [None, 3])
def test_llama_is_computed_as_by_hand(scaling: Any, window: int | None, tmp_path: Path) -> None:
    weights = _draw_llama()
    folder = _write(tmp_path, {**LLAMA, "rope_scaling": scaling, "sliding_window": window}, weights)
    (found,) = numpy_scores.score(folder, [TOKENS])
    expected = _loop(weights, [_speed(pair, scaling) for pair in range(SIZE // 2)], window or 99)
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_gpt2_with_even_attention_is_a_mean_of_what_was_read(tmp_path: Path) -> None:
    block = {
        "ln_1.weight": (WIDTH,), "ln_1.bias": (WIDTH,), "ln_2.weight": (WIDTH,), "ln_2.bias": (WIDTH,),
        "attn.c_attn.weight": (WIDTH, 3 * WIDTH), "attn.c_attn.bias": (3 * WIDTH,),
        "attn.c_proj.weight": (WIDTH, WIDTH), "attn.c_proj.bias": (WIDTH,), "mlp.c_fc.weight": (WIDTH, INNER),
        "mlp.c_fc.bias": (INNER,), "mlp.c_proj.weight": (INNER, WIDTH), "mlp.c_proj.bias": (WIDTH,),
    }  # fmt: skip
    outer = {"wte.weight": (WORDS, WIDTH), "wpe.weight": (16, WIDTH), "ln_f.weight": (WIDTH,), "ln_f.bias": (WIDTH,)}
    shapes = {**outer, **{f"h.0.{name}": shape for name, shape in block.items()}}
    weights = _draw({f"transformer.{name}": shape for name, shape in shapes.items()})
    # Queries of zeros: every position looks at all before it alike.
    weights["transformer.h.0.attn.c_attn.weight"][:, :WIDTH] = 0.0
    weights["transformer.h.0.attn.c_attn.bias"][:WIDTH] = 0.0
    (found,) = numpy_scores.score(_write(tmp_path, GPT2, weights), [TOKENS])
    w = {name.removeprefix("transformer.").removeprefix("h.0."): each.astype(float) for name, each in weights.items()}

    def norm(x: np.ndarray, name: str) -> np.ndarray:
        return (x - x.mean()) / math.sqrt(x.var() + 1e-5) * w[f"{name}.weight"] + w[f"{name}.bias"]

    values: list[np.ndarray] = []
    for place, token in enumerate(TOKENS):
        x = w["wte.weight"][token] + w["wpe.weight"][place]
        values.append((norm(x, "ln_1") @ w["attn.c_attn.weight"] + w["attn.c_attn.bias"])[2 * WIDTH :])
        x = x + np.mean(values, 0) @ w["attn.c_proj.weight"] + w["attn.c_proj.bias"]
        inner = norm(x, "ln_2") @ w["mlp.c_fc.weight"] + w["mlp.c_fc.bias"]
        inner = np.array([v / 2 * (1 + math.tanh(math.sqrt(2 / math.pi) * (v + 0.044715 * v**3))) for v in inner])
        x = x + inner @ w["mlp.c_proj.weight"] + w["mlp.c_proj.bias"]
        np.testing.assert_allclose(found[place], w["wte.weight"] @ norm(x, "ln_f"), atol=1e-6)


def test_as_a_program_it_needs_numpy_and_safetensors_alone(tmp_path: Path) -> None:
    folder = _write(tmp_path, LLAMA, _draw_llama())
    (tmp_path / "tokens.json").write_text(json.dumps([TOKENS, TOKENS[:2]]))
    words = [sys.executable, "-P", str(numpy_scores.__file__), str(folder), str(tmp_path / "tokens.json")]
    done = subprocess.run(words, capture_output=True, text=True, check=True, env={"PATH": "/usr/bin"})
    best = [each.argmax(-1).tolist() for each in numpy_scores.score(folder, [TOKENS, TOKENS[:2]])]
    assert [json.loads(line) for line in done.stdout.splitlines()] == best
    assert best[0][:2] == best[1]
