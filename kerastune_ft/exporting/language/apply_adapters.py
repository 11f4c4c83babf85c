"""Applies the adapters of an export to the preset that the run began with. Needs keras-hub and safetensors.

import keras_hub, apply_adapters

model = keras_hub.models.CausalLM.from_preset("the preset of the run", dtype="float32")
apply_adapters.apply(model.backbone, "adapters.safetensors")
"""

import json
from typing import Any

import numpy as np


def apply(backbone: Any, file: str) -> None:
    """Give a backbone of keras-hub the weights of a run: kernels with what adapters add, others as they were trained.

    An adapter adds alpha / rank times the product of its two factors to its kernel.
    """
    from safetensors import safe_open

    with safe_open(file, "np") as opened:
        about = json.loads(opened.metadata()["adapters"])
        tensors = {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118  it is no dict
    known = {variable.path: variable for variable in backbone.variables}
    for path, name in about["replaced"].items():
        known[path].assign(tensors[name])
    for each in about["adapters"]:
        kernel = known[each["kernel"]]
        delta = np.tensordot(tensors[each["a"]].astype("float64"), tensors[each["b"]].astype("float64"), 1)
        kernel.assign((np.asarray(kernel.numpy()) + each["alpha"] / each["rank"] * delta).astype("float32"))
