"""Adapters of a file on a preset again: kernels with what they add, and what else trained."""

from __future__ import annotations

import json
from pathlib import Path

import keras
import numpy as np
from safetensors.numpy import save_file

from kerastune_ft.exporting.language.apply_adapters import apply


def test_a_kernel_gets_the_scaled_product_and_others_their_values(tmp_path: Path) -> None:
    given = keras.Input((3,))
    body = keras.Model(given, keras.layers.Dense(2, name="low")(given))
    kernel, bias = (variable.numpy() for variable in body.variables)
    draw = np.random.default_rng(0)
    a, b = (draw.normal(size=shape).astype("float32") for shape in ((3, 1), (1, 2)))
    about = {
        "adapters": [{"kernel": "low/kernel", "a": "low/lora_a", "b": "low/lora_b", "rank": 1, "alpha": 2.0}],
        "replaced": {"low/bias": "low/bias"},
    }
    tensors = {"low/lora_a": a, "low/lora_b": b, "low/bias": bias + 5}
    save_file(tensors, tmp_path / "adapters.safetensors", metadata={"adapters": json.dumps(about)})
    apply(body, str(tmp_path / "adapters.safetensors"))
    np.testing.assert_allclose(body.variables[0].numpy(), kernel + 2 * a @ b, rtol=1e-6)
    np.testing.assert_array_equal(body.variables[1].numpy(), bias + 5)
